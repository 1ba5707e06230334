import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

export interface Ports {
  readonly gateway: number
  readonly sts: number
  readonly order: number
  readonly inventory: number
  readonly issuer: number
}

/** The article's ports, and the gateway's and the external issuer's beside them. */
export const fixedPorts: Ports = { gateway: 8443, sts: 9445, order: 9090, inventory: 9091, issuer: 9444 }

/** Ports that are free now. They are all held at once while they are chosen, so that no two are the same. */
export async function freePorts(): Promise<Ports> {
  const names = Object.keys(fixedPorts)
  const held = await Promise.all(names.map(hold))
  const ports = Object.fromEntries(names.map((name, index) => [name, held[index]?.port]))
  await Promise.all(held.map((one) => one.release()))
  return ports as unknown as Ports
}

async function hold(): Promise<{ port: number; release(): Promise<void> }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
