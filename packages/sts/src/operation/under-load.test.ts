import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { createServices } from 'barre/auth'
import { createValidator } from 'barre/jose'
import { createTestCa } from '../../../../tools/test-ca.ts'
import {
  basic,
  client,
  exchange,
  issuerUrl,
  nowSeconds,
  outsideIssuer,
  read,
  secret,
  temporaryDirectory,
  testSts,
  withUsers,
} from '../../test/fixture.ts'
import { publishAheadMs } from '../keys/signing-keys.ts'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Jwks } from 'barre/jose'
import type { TestCa } from '../../../../tools/test-ca.ts'

const rounds = 2
/** Requests that are answered between two changes, at least. */
const requestsARound = 40
const workers = 4

type KeyFiles = TestCa['server']

/** What one request brought, and the certificate that it was served with. */
interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly certificate: string
}

async function call(url: string, ca: string, agent: Agent, form?: string): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: basic('gateway', secret),
  }
  const sent = request(url, { agent, ca, ...(form !== undefined && { method: 'POST', headers }) })
  sent.end(form)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const peer = (response.socket as TLSSocket).getPeerX509Certificate()
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
  return { status: response.statusCode ?? 0, body, certificate: peer?.serialNumber ?? '' }
}

function serialOf({ certFile }: KeyFiles): string {
  return new X509Certificate(readFileSync(certFile)).serialNumber
}

test('certificates, keys and settings change under load: no request fails, no living token ends', async (t) => {
  const pki = await createTestCa()
  t.after(() => pki.remove())
  const ca = readFileSync(pki.caFile, 'utf8')
  const folder = temporaryDirectory(t)
  const key = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  const install = (pair: KeyFiles): void => {
    copyFileSync(pair.keyFile, key.keyFile)
    copyFileSync(pair.certFile, key.certFile)
  }
  install(pki.server)

  let nowMs = nowSeconds * 1000
  const outside = outsideIssuer('https://idp.test')
  const config = {
    ...(await withUsers(t)),
    issuer: issuerUrl,
    port: 0,
    keysDirectory: join(folder, 'keys'),
    tokens: { lifetimeSeconds: 3600 },
    secureSocket: { key },
    trustedIssuers: [{ ...outside.config, subjectPrefix: 'idp:' }],
    clients: [await client('gateway')],
  }
  const sts = await testSts(t, config, { now: () => nowMs })
  const kept = new Agent({ keepAlive: true })
  const fresh = new Agent({ keepAlive: false })
  t.after(() => kept.destroy())

  const failures: unknown[] = []
  const tokens: string[] = []
  const certificates = new Set<string>()
  const load = { answered: 0, isOver: false }
  const token = await outside.sign({ exp: nowSeconds + 100_000 })
  const forms = [() => 'grant_type=client_credentials', () => new URLSearchParams(exchange(token)).toString()]
  /** A living token is active and its signature holds by the keys published now, whichever signed it. */
  const checkOldest = async (agent: Agent): Promise<void> => {
    const [oldest] = tokens
    if (oldest === undefined) return
    const { body } = await call(`${sts.url}/oauth2/introspect`, ca, agent, `token=${oldest}`)
    const { body: jwks } = await call(`${sts.url}/oauth2/jwks`, ca, agent)
    const validator = createValidator(
      {
        issuer: issuerUrl,
        audience: 'orders',
        signatureConfig: { jwksConfig: { jwks: jwks as unknown as Jwks } },
      },
      createServices({ now: () => nowMs }),
      'test',
    )
    const verified = await validator.validate(oldest)
    if (body['active'] !== true || !verified.ok) failures.push({ body, verified })
  }
  const work = async (worker: number): Promise<void> => {
    for (let count = worker; !load.isOver; count++) {
      const agent = count % 2 === 0 ? kept : fresh
      try {
        const { status, body, certificate } = await call(
          `${sts.url}/oauth2/token`,
          ca,
          agent,
          forms[count % forms.length]?.(),
        )
        certificates.add(certificate)
        if (status === 200) tokens.push(String(body['access_token']))
        else failures.push({ status, body })
        if (count % 5 === 0) await checkOldest(agent)
      } catch (error) {
        failures.push(error)
      }
      load.answered++
    }
  }
  const working = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)))
  const until = async (isReached: () => boolean): Promise<void> => {
    while (!isReached() && failures.length === 0) await call(`${sts.url}/health`, ca, kept)
  }

  await until(() => certificates.has(serialOf(pki.server)))
  for (let round = 0; round < rounds; round++) {
    const pair = await pki.issue(`renewed-${round}`, { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] })
    install(pair)
    await sts.running.rotateKeys()
    await sts.running.reload({ ...config, clients: [await client('gateway'), await client(`new-${round}`)] })
    const before = load.answered
    await until(() => certificates.has(serialOf(pair)) && load.answered >= before + requestsARound)
    // The key that was made, a second after the first at the earliest, signs from here on; older tokens live on.
    nowMs += publishAheadMs + 1000
    const signed = tokens.length
    await until(() => tokens.length >= signed + workers * 2)
  }
  load.isOver = true
  await working
  assert.deepEqual(failures, [])
  assert.ok(load.answered >= rounds * requestsARound)
  assert.equal(new Set(tokens.map((one) => read(one).header['kid'])).size, rounds + 1)
  t.diagnostic(`${load.answered} requests, ${rounds} certificates and keys, ${failures.length} failed`)
})
