import assert from 'node:assert/strict'
import { X509Certificate, createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { publicJwk, signJws } from 'barre/jose'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { client, issuerUrl, nowSeconds, read, signingKey, testSts } from '../../test/fixture.ts'
import { assertionLifetimeMaxSeconds } from './proofs.ts'
import type { IncomingMessage } from 'node:http'
import type { ClientConfig } from '../index.ts'
import type { TestCa } from '../../../../tools/test-ca.ts'
import type { TestSts } from '../../test/fixture.ts'

const key = signingKey('ES256', 'one')
const tokenUrl = `${issuerUrl}/oauth2/token`

const usual = { iss: 'app', sub: 'app', aud: issuerUrl, exp: nowSeconds + 60, iat: nowSeconds }
let count = 0

async function assertion(claims: object = {}, header: object = {}, by = key): Promise<string> {
  return signJws({ ...header }, JSON.stringify({ ...usual, jti: `id-${count++}`, ...claims }), by)
}

function ask(sts: TestSts, client_assertion: string, more: Record<string, string> = {}) {
  const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  return sts.token(
    { grant_type: 'client_credentials', client_assertion_type, client_assertion, ...more },
    null,
  )
}

function app(more: Partial<ClientConfig> = {}): Promise<ClientConfig> {
  const jwks = { keys: [publicJwk(key)] }
  return client('app', { authenticationMethod: 'private_key_jwt', jwks, ...more })
}

test('an assertion proves its client, once', async (t) => {
  const sts = await testSts(t, { clients: [await app()] })
  const signed = await assertion()
  assert.equal((await ask(sts, signed)).status, 200)
  assert.deepEqual((await ask(sts, signed)).body['error'], 'invalid_client', 'again')
  assert.equal((await ask(sts, await assertion(), { client_id: 'app' })).status, 200)
})

test('an assertion for the token endpoint is for older clients that say so', async (t) => {
  const strict = await testSts(t, { clients: [await app()] })
  assert.equal((await ask(strict, await assertion({ aud: tokenUrl }))).status, 401)
  const older = await testSts(t, { clients: [await app({ assertionAudience: 'token-endpoint' })] })
  assert.equal((await ask(older, await assertion({ aud: tokenUrl }))).status, 200)
  assert.equal((await ask(older, await assertion({ aud: issuerUrl }))).status, 200)
})

const other = signingKey('ES256', 'one')
const longest = nowSeconds + assertionLifetimeMaxSeconds + 10

const refused: [claim: string, make: () => Promise<string>][] = [
  ['of another key', () => assertion({}, {}, other)],
  ['that has expired', () => assertion({ exp: nowSeconds - 60 })],
  ['without exp', () => assertion({ exp: undefined })],
  ['that is good for too long', () => assertion({ exp: longest + 1 })],
  ['without jti', () => assertion({ jti: undefined })],
  ['with an empty jti', () => assertion({ jti: '' })],
  ['with a jti that is too long', () => assertion({ jti: 'x'.repeat(257) })],
  ['for another server', () => assertion({ aud: 'https://other.test' })],
  ['for another server too', () => assertion({ aud: [issuerUrl, 'https://evil.test'] })],
  ['for nobody', () => assertion({ aud: undefined })],
  ['of another issuer', () => assertion({ iss: 'other' })],
  ['of another subject', () => assertion({ sub: 'gateway' })],
  ['of a type of its own', () => assertion({}, { typ: 'dpop+jwt' })],
  ['that is no JWT', () => Promise.resolve('x')],
]

test('assertions', async (t) => {
  const sts = await testSts(t, { clients: [await app(), await client('gateway')] })
  assert.equal((await ask(sts, await assertion({ exp: longest }))).status, 200, 'at the limit')
  for (const [claim, make] of refused) {
    await t.test(`refuses one ${claim}`, async () => {
      const answer = await ask(sts, await make())
      assert.deepEqual([answer.status, answer.body['error']], [401, 'invalid_client'])
    })
  }
  const mixed = await ask(sts, await assertion(), { client_secret: 'x', client_id: 'app' })
  assert.equal(mixed.body['error'], 'invalid_request', 'two ways at once')
  assert.equal((await ask(sts, await assertion(), { client_id: 'gateway' })).body['error'], 'invalid_request')
  const typed = await ask(sts, await assertion(), { client_assertion_type: 'urn:other' })
  assert.equal(typed.body['error'], 'invalid_request')
})

let ca: TestCa
let stranger: TestCa
before(async () => {
  ca = await createTestCa()
  stranger = await createTestCa()
})
after(() => {
  ca.remove()
  stranger.remove()
})

interface Pair {
  readonly certFile: string
  readonly keyFile: string
}

/** Asks with a client certificate. */
async function askOverTls(
  url: string,
  clientId: string,
  pair?: Pair,
  headers: Readonly<Record<string, string>> = {},
): Promise<[number, Record<string, unknown>]> {
  const sent = request(`${url}/oauth2/token`, {
    method: 'POST',
    agent: false,
    ca: readFileSync(ca.caFile),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    ...(pair && { cert: readFileSync(pair.certFile), key: readFileSync(pair.keyFile) }),
  })
  sent.end(`grant_type=client_credentials&client_id=${clientId}`)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of answer) body += String(chunk)
  return [answer.statusCode ?? 0, JSON.parse(body) as Record<string, unknown>]
}

function thumbprint({ certFile }: Pair): string {
  return createHash('sha256')
    .update(new X509Certificate(readFileSync(certFile)).raw)
    .digest('base64url')
}

test('a certificate proves its client, and its tokens are bound to it', async (t) => {
  const trusted = { authenticationMethod: 'tls_client_auth', certificateBound: true } as const
  const own = { authenticationMethod: 'self_signed_tls_client_auth' } as const
  const sts = await testSts(t, {
    secureSocket: { key: ca.server, mutualSsl: { verifyClient: 'OPTIONAL', cert: ca.caFile } },
    clients: [
      await client('named', { ...trusted, certificateIdentity: 'dns:localhost' }),
      await client('renamed', { ...trusted, certificateIdentity: 'dns:other' }),
      await client('pinned', { ...own, certificateThumbprints: [thumbprint(stranger.server)] }),
    ],
  })
  const [status, body] = await askOverTls(sts.url, 'named', ca.server)
  assert.equal(status, 200)
  assert.deepEqual(read(body['access_token']).claims['cnf'], { 'x5t#S256': thumbprint(ca.server) })
  for (const [claim, id, pair, expected] of [
    ['without a certificate', 'named', undefined, 401],
    ['with a certificate of a stranger’s authority', 'named', stranger.server, 401],
    ['with a certificate of another name', 'renamed', ca.server, 401],
    ['with its own self-signed certificate', 'pinned', stranger.server, 200],
    ['with another than its own', 'pinned', ca.server, 401],
  ] as const) {
    assert.equal((await askOverTls(sts.url, id, pair))[0], expected, claim)
  }
})

test('a certificate that a header names proves nothing, even behind a trusted proxy', async (t) => {
  const own = { authenticationMethod: 'self_signed_tls_client_auth' } as const
  const sts = await testSts(t, {
    secureSocket: { key: ca.server, mutualSsl: { verifyClient: 'OPTIONAL', cert: ca.caFile } },
    trustedProxies: ['127.0.0.1'],
    clients: [await client('pinned', { ...own, certificateThumbprints: [thumbprint(stranger.server)] })],
  })
  const pem = readFileSync(stranger.server.certFile, 'utf8')
  const der = new X509Certificate(pem).raw.toString('base64')
  const forwarded = {
    'x-forwarded-for': '198.51.100.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-client-cert': `Hash=${thumbprint(stranger.server)};Cert="${encodeURIComponent(pem)}"`,
    'client-cert': `:${der}:`,
    'x-ssl-client-cert': encodeURIComponent(pem),
    'ssl-client-verify': 'SUCCESS',
  }
  assert.equal((await askOverTls(sts.url, 'pinned', undefined, forwarded))[0], 401)
  assert.equal((await askOverTls(sts.url, 'pinned', ca.server, forwarded))[0], 401, 'beside another one')
  assert.equal((await askOverTls(sts.url, 'pinned', stranger.server))[0], 200, 'the one of the connection')
})

for (const [claim, more, field] of [
  ['private_key_jwt without keys', { authenticationMethod: 'private_key_jwt' }, 'jwks'],
  ['tls_client_auth without TLS', { authenticationMethod: 'tls_client_auth' }, 'authenticationMethod'],
  ['bound tokens without TLS', { certificateBound: true }, 'certificateBound'],
  ['no secret', { secretHash: undefined }, 'secretHash'],
  ['no proof for its own token', { authenticationMethod: 'none' }, 'grants'],
] as const) {
  test(`does not start with ${claim}`, async (t) => {
    const config = await client('app', more as Partial<ClientConfig>)
    await assert.rejects(testSts(t, { clients: [config] }), { path: `clients[0].${field}` })
  })
}
