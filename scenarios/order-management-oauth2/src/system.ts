import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCa, issueCertificate, writeKeyFiles } from '@barre/cli/keys'
import { startApiGateway } from './api-gateway.ts'
import { startAppBackend } from './app-backend.ts'
import { startAuthorizationServer } from './authorization-server.ts'
import { identityProvider } from './identity-provider.ts'
import type { Running } from './listen.ts'

/** The whole system, running. */
export interface System {
  readonly caFile: string
  readonly urls: Readonly<Record<'backend' | 'gateway', string>>
  idTokenOf(username: string): Promise<string>
  close(): Promise<void>
}

export async function startSystem(): Promise<System> {
  const directory = await mkdtemp(join(tmpdir(), 'order-management-'))
  const running: Pick<Running, 'close'>[] = [{ close: () => rm(directory, { recursive: true }) }]
  const keep = async (starting: Promise<Running>): Promise<Running> => {
    const one = await starting
    running.unshift(one)
    return one
  }
  const close = async (): Promise<void> => {
    for (const one of running.splice(0)) await one.close()
  }
  try {
    const ca = await createCa({ commonName: 'Order management throw-away CA', validDays: 1 })
    const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
    const server = await issueCertificate({ ca, ...names, usages: ['server'] })
    const { certFile: caFile } = await writeKeyFiles(directory, 'ca', ca)
    const key = await writeKeyFiles(directory, 'server', server)
    const users = identityProvider()
    const { url: authorizationServer } = await keep(startAuthorizationServer(key, users))
    const { url: gateway } = await keep(startApiGateway(key, caFile, authorizationServer))
    const at = { authorizationServer, gateway }
    const { url: backend } = await keep(startAppBackend(key, caFile, users, at))
    return { caFile, urls: { backend, gateway }, idTokenOf: (username) => users.idTokenOf(username), close }
  } catch (error) {
    await close()
    throw error
  }
}
