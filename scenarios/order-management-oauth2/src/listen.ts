import { createServer } from 'node:https'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CertKey } from 'barre/core'
import { toServerOptions } from 'barre/tls'

/** A started service: where it is, and how to end it. */
export interface Running {
  readonly url: string
  close(): Promise<void>
}

/** Serves over TLS on a free port of loopback; `end` is what the service itself has to close. */
export async function listen(
  key: CertKey,
  listener: RequestListener,
  end: () => Promise<unknown> = async () => undefined,
): Promise<Running> {
  const server = createServer(toServerOptions({ key }, 'secureSocket'), listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await end()
    },
  }
}
