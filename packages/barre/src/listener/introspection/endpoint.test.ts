import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { bearer, fakeCall } from '../../../test/fake-call.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { startOAuthServer } from '../../../test/oauth-server.ts'
import type { Answer, OAuthServer } from '../../../test/oauth-server.ts'
import { importSigningKey, signJws } from '../../jose/index.ts'
import { introspectionKind } from './introspection.ts'
import type { IntrospectionConfig } from './config.ts'

const start = 1_800_000_000
const services = fakeServices(() => start * 1000)
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = importSigningKey(privateKey, { algorithm: 'ES256', path: 'key' })
let server: OAuthServer
/** What the server has at each path; 404 elsewhere. */
let pages: Record<string, Answer>

const active = { active: true, sub: 'alice', aud: 'orders', exp: start + 600 }

before(async () => {
  server = await startOAuthServer(({ path }) => pages[path] ?? { status: 404, body: {} })
})
after(() => server.close())
beforeEach(() => {
  server.received.length = 0
  pages = { '/introspect': { body: active } }
})

async function verify(config: Partial<IntrospectionConfig>, rounds = 1): Promise<string> {
  const checked = introspectionKind.shape.check({ audience: 'orders', ...config }, 'config')
  const provider = introspectionKind.create(checked, services, 'config')
  let verdict = ''
  for (let round = 0; round < rounds; round++) {
    const result = await provider.verify(bearer('abc'), fakeCall())
    verdict = result.ok ? result.value.principal.username : result.denial.detail
  }
  await provider.close?.()
  return verdict
}

const metadata = (issuer: string, more: object = {}): Answer => ({
  body: { issuer, introspection_endpoint: `${server.url}/introspect`, ...more },
})

test('the endpoint is found in the metadata of the issuer, once', async () => {
  pages['/.well-known/oauth-authorization-server'] = metadata(server.url)
  assert.equal(await verify({ issuer: server.url }, 2), 'alice')
  assert.deepEqual(
    server.received.map(({ path }) => path),
    ['/.well-known/oauth-authorization-server', '/introspect', '/introspect'],
  )
})

test('the endpoint of an issuer with a path is found where RFC 8414 or OpenID Connect put it', async () => {
  const issuer = `${server.url}/realms/a`
  pages['/.well-known/oauth-authorization-server/realms/a'] = metadata(issuer)
  assert.equal(await verify({ issuer }), 'alice')
  pages = { ...pages, '/realms/a/.well-known/openid-configuration': metadata(issuer) }
  delete pages['/.well-known/oauth-authorization-server/realms/a']
  assert.equal(await verify({ issuer }), 'alice')
})

const misleading: [claim: string, page: () => Answer, reason: RegExp][] = [
  ['of another issuer', () => metadata('https://other.example'), /another issuer/],
  ['without the endpoint', () => metadata(server.url, { introspection_endpoint: undefined }), /names no/],
  [
    'with an endpoint in clear text',
    () => metadata(server.url, { introspection_endpoint: 'http://as.example/' }),
    /plain http/,
  ],
  ['that is no JSON', () => ({ body: '<html>' }), /JSON/],
  ['that is too large', () => metadata(server.url, { more: 'x'.repeat(131_072) }), /cannot be read/],
  ['that cannot be had', () => ({ status: 500, body: {} }), /status 500/],
  ['that redirects', () => ({ status: 301, headers: { location: '/x' }, body: {} }), /status 301/],
]
for (const [claim, page, reason] of misleading) {
  test(`no token is sent after metadata ${claim}`, async () => {
    pages['/.well-known/oauth-authorization-server'] = page()
    assert.match(await verify({ issuer: server.url }), reason)
    assert.equal(server.received.length, 1)
  })
}

const signedAnswers = { audience: 'rs', signatureConfig: { certFile: publicKey } }
const good = { iss: 'https://as.example', aud: 'rs', iat: start, token_introspection: active }

function answerSigned(header: object, claims: object, type = 'application/token-introspection+jwt'): void {
  const body = signJws({ typ: 'token-introspection+jwt', ...header }, JSON.stringify(claims), key) as string
  pages['/introspect'] = { headers: { 'content-type': type }, body }
}

test('a signed answer is asked for, and believed', async () => {
  answerSigned({}, good)
  const config = { url: `${server.url}/introspect`, issuer: 'https://as.example', signedAnswers }
  assert.equal(await verify(config, 2), 'alice')
  assert.equal(server.received[0]?.headers.accept, 'application/token-introspection+jwt')
})

const forged: [claim: string, arrange: () => void, reason: RegExp][] = [
  ['that is not signed', () => undefined, /not of type/],
  ['of another type of token', () => answerSigned({ typ: 'JWT' }, good), /typ/],
  ['of another issuer', () => answerSigned({}, { ...good, iss: 'https://other.example' }), /iss/],
  ['for another resource server', () => answerSigned({}, { ...good, aud: 'other' }), /audience/],
  [
    'without the answer',
    () => answerSigned({}, { ...good, token_introspection: undefined }),
    /no token_intro/,
  ],
  ['under another media type', () => answerSigned({}, good, 'application/jwt'), /not of type/],
]
for (const [claim, arrange, reason] of forged) {
  test(`an answer ${claim} is an outage where answers must be signed`, async () => {
    arrange()
    const config = { url: `${server.url}/introspect`, issuer: 'https://as.example', signedAnswers }
    assert.match(await verify(config), reason)
  })
}

test('an answer signed by a stranger is an outage', async () => {
  answerSigned({}, good)
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const signed = { audience: 'rs', signatureConfig: { certFile: stranger } }
  const config = { url: `${server.url}/introspect`, issuer: 'https://as.example', signedAnswers: signed }
  assert.match(await verify(config), /signature/)
})
