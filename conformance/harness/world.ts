import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { KeyObject } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import type { CertKey } from 'barre/core'
import { createTestCa } from '../../tools/test-ca.ts'
import type { Pair } from './kit.ts'

export const issuer = 'https://issuer.example'
export const audience = 'orders'

/** What all kits of a test file share, made once: keys, certificates, and an issuer that publishes its keys. */
export interface World {
  readonly authority: string
  readonly authorityFile: string
  readonly serverFiles: CertKey
  /** The key that the issuer publishes as `one`, and a key that nobody publishes. */
  readonly issuerKey: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  readonly strangerKey: KeyObject
  readonly jwksUrl: string
  /** Where nothing listens any more. */
  readonly deadUrl: string
  /** Certificates of clients; the impostor calls itself alice, and another authority signed that. */
  readonly clients: Readonly<Record<'alice' | 'bob' | 'mallory' | 'impostor', Pair>>
  /** Starts a server of a kit's own, which ends with the world, and gives its URL. */
  serve(listener: RequestListener): Promise<string>
  /** Has a job done when the world ends: what a kit started, it ends there. */
  beforeClose(job: () => Promise<void>): void
  close(): Promise<void>
}

export async function createWorld(): Promise<World> {
  const [ca, strangers] = await Promise.all([createTestCa(), createTestCa()])
  const issuerKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...issuerKey.publicKey.export({ format: 'jwk' }), kid: 'one' }
  const endpoint = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
  })
  const stopped = createServer()
  const servers = [endpoint]
  const jobs: (() => Promise<void>)[] = []
  const [jwksUrl, deadUrl] = [await listen(endpoint), await listen(stopped)]
  await close(stopped)
  return {
    authority: ca.ca.cert,
    authorityFile: ca.caFile,
    serverFiles: ca.server,
    issuerKey,
    strangerKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    jwksUrl,
    deadUrl,
    clients: {
      alice: await read(await ca.issue('alice')),
      bob: await read(await ca.issue('bob')),
      mallory: await read(await ca.issue('mallory')),
      impostor: await read(await strangers.issue('alice')),
    },
    serve(listener) {
      const server = createServer(listener)
      servers.push(server)
      return listen(server)
    },
    beforeClose: (job) => void jobs.push(job),
    async close() {
      await Promise.all([...jobs.map((job) => job()), ...servers.map(close)])
      await Promise.all([ca.remove(), strangers.remove()])
    },
  }
}

/** Starts on a free port of loopback and gives the URL. */
async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

export async function close(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections?.()
  await closed
}

async function read(files: CertKey): Promise<Pair> {
  const [cert, key] = await Promise.all([readFile(files.certFile, 'utf8'), readFile(files.keyFile, 'utf8')])
  return { cert, key, files }
}
