import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { makeProof, proofKey } from '../../../test/dpop-kit.ts'
import { fakeCall } from '../../../test/fake-call.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { startOAuthServer } from '../../../test/oauth-server.ts'
import type { Answer, OAuthServer } from '../../../test/oauth-server.ts'
import { guard } from '../../core/index.ts'
import type { Call, Provider, Services } from '../../core/index.ts'
import { importSigningKey, publicJwk, signJws } from '../../jose/index.ts'
import { discoveryLimits } from './issuer-registry.ts'
import { jwtIssuersKind } from './jwt-issuers.ts'

const start = 1_800_000_000
const path = 'auth[0].jwtIssuersConfig'
const keys = new Map<string, ReturnType<typeof importSigningKey>>()
let server: OAuthServer
let nowMs: number
let services: Services
/** What the server answers about a tenant in place of what it should. */
let odd: Record<string, Answer>
const open = new Set<Provider>()

before(async () => {
  server = await startOAuthServer((one) => odd[one.path] ?? answer(one.path))
})
after(() => server.close())
beforeEach(async (context) => {
  nowMs = start * 1000
  services = fakeServices(() => nowMs)
  server.received.length = 0
  odd = {}
  ;(context as { after(close: () => Promise<void>): void }).after(async () => {
    for (const provider of open) await provider.close?.()
    open.clear()
  })
})

function answer(page: string): Answer {
  const tenant = page.split('/').at(-1) ?? ''
  if (page.includes('none')) return { status: 404, body: {} }
  if (page.startsWith('/keys/')) return { body: { keys: [publicJwk(keyOf(tenant))] } }
  return { body: { issuer: `${server.url}/${tenant}`, jwks_uri: `${server.url}/keys/${tenant}` } }
}

function keyOf(tenant: string): ReturnType<typeof importSigningKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key =
    keys.get(tenant) ?? importSigningKey(privateKey, { algorithm: 'ES256', path: 'key', kid: tenant })
  keys.set(tenant, key)
  return key
}

function make(more: object = {}): Provider {
  const config: unknown = { issuers: [`${server.url}/{tenant}`], audience: 'orders', ...more }
  const provider = jwtIssuersKind.create(jwtIssuersKind.shape.check(config, path), services, path)
  open.add(provider)
  return provider
}

/** A token of a tenant for alice, signed by the key of `signer`. */
async function tokenOf(tenant: string, more: object = {}, signer = tenant): Promise<string> {
  const claims = { iss: `${server.url}/${tenant}`, sub: 'alice', aud: 'orders', exp: start + 600, ...more }
  return signJws({ typ: 'JWT' }, JSON.stringify(claims), keyOf(signer))
}

/** The id of who is let in, or the code of the refusal. */
async function decide(provider: Provider, token: string, more: Partial<Call> = {}): Promise<string> {
  const call = { ...fakeCall(`Bearer ${token}`), ...more }
  const decision = await guard({ alternatives: [{ provider, entry: 'auth[0]' }], optional: false }, call)
  return decision.ok ? (decision.principal?.id ?? '') : decision.denial.code
}

function asked(): readonly string[] {
  return server.received.map((one) => one.path)
}

test('an issuer is discovered by its first token, and each has its own subjects', async () => {
  const provider = make()
  const token = await tokenOf('acme')
  assert.deepEqual(asked(), [])
  assert.equal(await decide(provider, token), `${server.url}/acme:alice`)
  assert.equal(await decide(provider, token), `${server.url}/acme:alice`)
  assert.deepEqual(asked(), ['/.well-known/oauth-authorization-server/acme', '/keys/acme'])
  assert.equal(await decide(provider, await tokenOf('globex')), `${server.url}/globex:alice`)
})

test('a token signed by another issuer of the list is refused', async () => {
  const provider = make()
  await decide(provider, await tokenOf('globex'))
  assert.equal(await decide(provider, await tokenOf('acme', {}, 'globex')), 'invalid')
})

const strangers: [what: string, claims: (url: string) => object][] = [
  ['another host', () => ({ iss: 'http://127.0.0.1:1/acme' })],
  ['the metadata service of a cloud', () => ({ iss: 'http://169.254.169.254/acme' })],
  ['a deeper path', (url) => ({ iss: `${url}/a/b` })],
  ['dot segments', (url) => ({ iss: `${url}/..` })],
  ['no issuer', () => ({ iss: undefined })],
  ['an issuer that is no text', () => ({ iss: ['a'] })],
  ['another audience', () => ({ aud: 'stock' })],
  ['an early token', () => ({ nbf: start + 60 })],
]
for (const [what, claims] of strangers) {
  test(`${what}: refused before anything is asked`, async () => {
    assert.equal(await decide(make(), await tokenOf('acme', claims(server.url))), 'invalid')
    assert.deepEqual(asked(), [])
  })
}

test('an ended token, or what is no token, asks nothing either', async () => {
  assert.equal(await decide(make(), await tokenOf('acme', { exp: start - 60 })), 'expired')
  for (const broken of ['abc', 'a.b.c']) assert.equal(await decide(make(), broken), 'invalid')
  assert.equal(await decide(make(), 'a b'), 'malformed')
  assert.deepEqual(asked(), [])
})

const misleading: [claim: string, page: () => Answer, code: string][] = [
  ['speak of another issuer', () => ({ body: { issuer: 'https://other.example' } }), 'unavailable'],
  ['name no keys', () => ({ body: { issuer: `${server.url}/acme` } }), 'unavailable'],
  [
    'name keys of another origin',
    () => ({ body: { issuer: `${server.url}/acme`, jwks_uri: 'https://127.0.0.1:1/keys' } }),
    'unavailable',
  ],
  [
    'name keys in clear text',
    () => ({ body: { issuer: `${server.url}/acme`, jwks_uri: 'http://169.254.169.254/keys' } }),
    'unavailable',
  ],
  ['redirect', () => ({ status: 302, headers: { location: '/x' }, body: {} }), 'unavailable'],
  ['are broken', () => ({ status: 500, body: {} }), 'unavailable'],
  ['are no JSON', () => ({ body: '<html>' }), 'unavailable'],
]
for (const [claim, page, code] of misleading) {
  test(`metadata that ${claim}: ${code}, and nothing more is asked until the cooldown is over`, async () => {
    const [provider, token] = [make(), await tokenOf('acme')]
    odd['/.well-known/oauth-authorization-server/acme'] = page()
    assert.equal(await decide(provider, token), code)
    odd = {}
    nowMs += discoveryLimits.cooldownMs - 1
    assert.equal(await decide(provider, token), code)
    assert.equal(asked().length, 1)
    nowMs += 1
    assert.equal(await decide(provider, token), `${server.url}/acme:alice`)
  })
}

test('an issuer that a pattern allows and nobody knows is invalid, not an outage', async () => {
  assert.equal(await decide(make(), await tokenOf('none')), 'invalid')
})

test('keys on another origin are taken where the configuration names it', async () => {
  const elsewhere = await startOAuthServer(() => ({ body: { keys: [publicJwk(keyOf('acme'))] } }))
  odd['/.well-known/oauth-authorization-server/acme'] = {
    body: { issuer: `${server.url}/acme`, jwks_uri: `${elsewhere.url}/keys` },
  }
  const provider = make({ jwksOrigins: [elsewhere.url] })
  assert.equal(await decide(provider, await tokenOf('acme')), `${server.url}/acme:alice`)
  elsewhere.close()
})

test('a thousand first calls of one issuer ask once', async () => {
  const [provider, token] = [make(), await tokenOf('acme')]
  const all = await Promise.all(Array.from({ length: 1000 }, () => decide(provider, token)))
  assert.deepEqual(new Set(all), new Set([`${server.url}/acme:alice`]))
  assert.equal(asked().length, 2)
})

test('a flood of made-up issuers is bounded, and the known ones are served on', async () => {
  const provider = make()
  await decide(provider, await tokenOf('acme'))
  const { perMinute } = discoveryLimits
  for (let index = 1; index < perMinute; index++) {
    assert.equal(await decide(provider, await tokenOf(`none-${index}`)), 'invalid')
  }
  const sofar = asked().length
  assert.equal(await decide(provider, await tokenOf('none-more')), 'unavailable')
  assert.equal(asked().length, sofar)
  assert.equal(await decide(provider, await tokenOf('acme')), `${server.url}/acme:alice`)
  nowMs += 60_000
  assert.equal(await decide(provider, await tokenOf('globex')), `${server.url}/globex:alice`)
})

test('an issuer that is named is looked for whatever a flood does', async () => {
  const provider = make({ issuers: [`${server.url}/{tenant}`, `${server.url}/acme`] })
  for (let index = 0; index <= discoveryLimits.perMinute; index++) {
    await decide(provider, await tokenOf(`none-${index}`))
  }
  assert.equal(await decide(provider, await tokenOf('acme')), `${server.url}/acme:alice`)
})

test('no more issuers are known than configured; the one used longest ago leaves', async () => {
  const provider = make({ maxIssuers: 2 })
  for (const tenant of ['a', 'b', 'a', 'c', 'a', 'b']) await decide(provider, await tokenOf(tenant))
  const discoveries = asked().filter((one) => one.startsWith('/.well-known'))
  assert.deepEqual(
    discoveries.map((one) => one.at(-1)),
    ['a', 'b', 'c', 'b'],
  )
})

test('after closing nothing is asked', async () => {
  const [provider, token] = [make(), await tokenOf('acme')]
  await decide(provider, token)
  await provider.close?.()
  const sofar = asked().length
  assert.equal(await decide(provider, await tokenOf('globex')), 'unavailable')
  assert.equal(asked().length, sofar)
})

test('a bound token needs its proof here too', async () => {
  const [provider, key] = [make({ dpopConfig: {} }), proofKey()]
  const token = await tokenOf('acme', { cnf: { jkt: key.jkt } })
  assert.equal(await decide(provider, token), 'invalid')
  const [method, target] = ['GET', 'https://orders.example/order']
  const proof = await makeProof(key, { method, target, token }, nowMs)
  const metadata = (name: string): readonly string[] => (name === 'dpop' ? [proof] : [`DPoP ${token}`])
  assert.equal(await decide(provider, token, { metadata }), `${server.url}/acme:alice`)
  assert.equal(provider.needsPublicOrigin, true)
})

test('the profile of RFC 9068 holds for every issuer', async () => {
  const provider = make({ profile: 'at+jwt' })
  const claims = { client_id: 'ui', iat: start, jti: 'j1' }
  assert.equal(await decide(provider, await tokenOf('acme', claims)), 'invalid')
  const payload = { iss: `${server.url}/acme`, sub: 'alice', aud: 'orders', exp: start + 600 }
  const typed = { typ: 'at+jwt' }
  const full = await signJws(typed, JSON.stringify({ ...payload, ...claims }), keyOf('acme'))
  assert.equal(await decide(provider, full), `${server.url}/acme:alice`)
  assert.equal(
    await decide(provider, await signJws(typed, JSON.stringify(payload), keyOf('acme'))),
    'invalid',
  )
})

const wrong: [config: object, at: string][] = [
  [{ issuers: [] }, 'issuers'],
  [{ issuers: ['https://{host}/'] }, 'issuers[0]'],
  [{ audience: undefined }, 'audience'],
  [{ audience: false, profile: 'at+jwt' }, 'audience'],
  [{ maxIssuers: 0 }, 'maxIssuers'],
  [{ jwksOrigins: ['https://keys.example/path'] }, 'jwksOrigins[0]'],
  [{ signatureConfig: {} }, 'signatureConfig'],
]
for (const [config, at] of wrong) {
  test(`${JSON.stringify(config)} is a start error`, () => {
    assert.throws(() => make(config), { code: 'config', path: `${path}.${at}` })
  })
}
