// A server's certificates, and what openssl's responder says of them.
import { once } from 'node:events'
import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach } from 'node:test'
import { ocspResponder, serverTest } from '../../../tools/servers/index.ts'
import { createTestCa, issueCertificate } from '../../../tools/test-ca.ts'
import { writeOcspRequest } from '../src/crypto/keys/index.ts'
import type { AddressInfo, Server } from 'node:net'
import type { RunningOcspResponder } from '../../../tools/servers/index.ts'
import type { CertKey } from '../src/core/index.ts'

export const pki = await createTestCa()
after(() => pki.remove())

/** Run after each test, the last first. */
export const closers: (() => unknown)[] = []
const closeAll = (): void => {
  for (const close of closers.splice(0).toReversed()) close()
}
afterEach(closeAll)

export const hourMs = 3_600_000
export const validation = { type: 'OCSP_STAPLING', cacheSize: 4, cacheValidityPeriod: 600 } as const

export interface Pair {
  readonly key: CertKey
  readonly certificate: X509Certificate
}

let pairs = 0

/** A server's pair whose certificate names this responder, its issuer behind it. */
export async function issue(ocspUrl: string | undefined, ca = pki.ca): Promise<Pair> {
  const name = `stapled-${pairs++}`
  const options = { ca, commonName: name, dnsNames: ['localhost'], ...(ocspUrl !== undefined && { ocspUrl }) }
  const { cert, key } = await issueCertificate(options)
  const [certFile, keyFile] = [join(pki.directory, `${name}.crt`), join(pki.directory, `${name}.key`)]
  await writeFile(certFile, cert + ca.cert)
  await writeFile(keyFile, key)
  return { key: { certFile, keyFile }, certificate: new X509Certificate(cert) }
}

export async function listen(server: Server): Promise<number> {
  server.on('connection', (socket) => closers.push(() => socket.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A test with a responder that knows no certificate yet. */
export const responderTest = (name: string, body: (responder: RunningOcspResponder) => Promise<void>): void =>
  serverTest(name, ocspResponder, pki.ca, async (responder) => {
    try {
      await body(responder)
    } finally {
      closeAll()
    }
  })

/** What the responder says now, as it would be stapled. */
export async function responseFor(
  { url }: RunningOcspResponder,
  { certificate }: Pair,
  issuer = pki.ca,
): Promise<Buffer> {
  const body = new Uint8Array(writeOcspRequest(certificate, new X509Certificate(issuer.cert)))
  const headers = { 'content-type': 'application/ocsp-request' }
  return Buffer.from(await (await fetch(url, { method: 'POST', headers, body })).arrayBuffer())
}
