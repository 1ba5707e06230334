import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A started service: where it is, and how to end it. */
export interface Running {
  readonly url: string
  close(): Promise<void>
}

/** Listens on loopback; port 0 takes a free one. */
export async function listen(server: Server, port: number): Promise<Running> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
