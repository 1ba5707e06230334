import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { makeProof, proofKey } from '../../../test/dpop-kit.ts'
import { bearer, fakeCall } from '../../../test/fake-call.ts'
import { countListeners, fakeServices } from '../../../test/fake-services.ts'
import type { Logged } from '../../../test/fake-services.ts'
import { broken, overloaded, startOAuthServer } from '../../../test/oauth-server.ts'
import type { OAuthServer } from '../../../test/oauth-server.ts'
import type { Services } from '../../core/index.ts'
import { introspectionKind } from './introspection.ts'
import type { IntrospectionProvider } from './introspection.ts'
import type { IntrospectionConfig } from './config.ts'

const start = 1_800_000_000
const path = 'auth[0].oauth2IntrospectionConfig'
let server: OAuthServer
let nowMs: number
let logged: Logged[]
let services: Services

before(async () => {
  server = await startOAuthServer(() => ({ body: {} }))
})
after(() => server.close())
beforeEach(() => {
  nowMs = start * 1000
  logged = []
  services = fakeServices(() => nowMs, logged)
  server.received.length = 0
  answers({})
})

/** What the server says of every token, unless the changes say otherwise. */
function answers(changes: Record<string, unknown>): void {
  const claims = { sub: 'alice', aud: 'orders', scope: 'read write', exp: start + 600, ...changes }
  server.answer = () => ({ body: { active: true, ...claims } })
}

function make(more: Partial<IntrospectionConfig> = {}): IntrospectionProvider {
  const config: unknown = { url: `${server.url}/introspect`, audience: 'orders', ...more }
  return introspectionKind.create(introspectionKind.shape.check(config, path), services, path)
}

const cached = { cacheConfig: { capacity: 10 } }

/** What the provider decides, in short: the user or the code. */
async function verify(provider: IntrospectionProvider, token = 'abc'): Promise<string> {
  const result = await provider.verify(bearer(token), fakeCall())
  return result.ok ? result.value.principal.username : result.denial.code
}

test('an active token names its caller, as the answer says', async () => {
  answers({ username: 'Alice', iss: 'https://as.example', tenant: 'acme', nbf: start + 5 })
  const result = await make().verify(bearer('abc'), fakeCall())
  assert.ok(result.ok)
  const { id, username, scopes, scheme, claims, expiresAtSeconds } = result.value.principal
  assert.deepEqual(
    [id, username, [...scopes], scheme, claims['tenant'], expiresAtSeconds],
    ['https://as.example:alice', 'Alice', ['read', 'write'], 'Bearer', 'acme', start + 600],
  )
})

test('the request has the token, the hint, the parameters and the headers, encoded', async () => {
  const provider = make({
    tokenTypeHint: 'access_token',
    optionalParams: { tenant: 'a&b=c' },
    clientConfig: { customHeaders: { 'x-key': '1' } },
  })
  await provider.verify(bearer('a+b/c=='), fakeCall())
  const [{ path: called, headers, form }] = server.received as [OAuthServer['received'][0]]
  assert.deepEqual(
    [called, headers['content-type'], headers['x-key'], headers.accept, Object.fromEntries(form)],
    [
      '/introspect',
      'application/x-www-form-urlencoded;charset=UTF-8',
      '1',
      'application/json',
      { tenant: 'a&b=c', token: 'a+b/c==', token_type_hint: 'access_token' },
    ],
  )
})

const verdicts: [claim: string, changes: Record<string, unknown>, config: object, verdict: string][] = [
  ['takes a list of audiences', { aud: ['stock', 'orders'] }, {}, 'alice'],
  ['takes any audience when told', { aud: undefined }, { audience: false }, 'alice'],
  ['takes an exp in digits', { exp: String(start + 1) }, {}, 'alice'],
  ['takes a token without exp', { exp: undefined }, {}, 'alice'],
  ['takes an answer without iss', {}, { issuer: 'https://as.example' }, 'alice'],
  ['names a client by its id', { sub: undefined, client_id: 'batch' }, {}, 'batch'],
  ['tolerates a clock ahead of ours', { nbf: start + 10 }, {}, 'alice'],
  ['refuses an inactive token', { active: false }, {}, 'invalid'],
  ['refuses another audience', { aud: 'stock' }, {}, 'invalid'],
  ['refuses an audience that only begins alike', { aud: 'orders-2' }, {}, 'invalid'],
  ['refuses a token for nobody in particular', { aud: undefined }, {}, 'invalid'],
  ['refuses another issuer', { iss: 'https://as.example/' }, { issuer: 'https://as.example' }, 'invalid'],
  ['refuses an expired token', { exp: start }, {}, 'expired'],
  ['refuses an exp in digits that has passed', { exp: '2' }, {}, 'expired'],
  ['refuses a token that is not good yet', { nbf: start + 11 }, {}, 'invalid'],
  ['refuses a token that names nobody', { sub: undefined }, {}, 'invalid'],
  ['refuses a bound token whose key is not told', { token_type: 'DPoP' }, {}, 'invalid'],
  ['refuses a token that is bound to a key', { cnf: { jkt: 'x' } }, {}, 'invalid'],
  ['understands no exp in words', { exp: 'soon' }, {}, 'unavailable'],
  ['understands no negative exp', { exp: -1 }, {}, 'unavailable'],
  ['understands no exp beyond all bounds', { exp: 1e300 }, {}, 'unavailable'],
  ['understands no aud of another type', { aud: [7] }, {}, 'unavailable'],
]
for (const [claim, changes, config, verdict] of verdicts) {
  test(claim, async () => {
    answers(changes)
    assert.equal(await verify(make(config)), verdict)
  })
}

test('a token that is bound to a key is taken with its proof, from memory too, and not without a call', async () => {
  const key = proofKey()
  answers({ cnf: { jkt: key.jkt } })
  const provider = make({ ...cached, dpopConfig: {} })
  const asked = { method: 'GET', target: 'https://orders.example/order', token: 'abc' }
  const send = async (scheme: 'Bearer' | 'DPoP', proofs: readonly string[]): Promise<string> => {
    const call = { ...fakeCall(), metadata: (name: string) => (name === 'dpop' ? proofs : []) }
    const result = await provider.verify({ scheme, token: 'abc' }, call)
    return result.ok ? result.value.principal.scheme : result.denial.code
  }
  for (const _ of [1, 2]) assert.equal(await send('DPoP', [await makeProof(key, asked, nowMs)]), 'DPoP')
  assert.equal(server.received.length, 1)
  const proof = await makeProof(key, asked, nowMs)
  assert.deepEqual([await send('Bearer', [proof]), await send('DPoP', [])], ['invalid', 'invalid'])
  const caller = await provider.authorize('Bearer abc')
  assert.equal(!caller.ok && caller.denial.code, 'invalid')
  answers({})
  assert.equal(
    (await make({ dpopConfig: {} }).verify({ scheme: 'DPoP', token: 'abc' }, fakeCall())).ok,
    false,
  )
})

test('a certificate-bound token is taken from the connection with its certificate', async () => {
  const certificate = Buffer.from('DER')
  answers({ cnf: { 'x5t#S256': createHash('sha256').update(certificate).digest('base64url') } })
  const provider = make()
  assert.equal((await provider.verify(bearer('abc'), fakeCall([], { certificate }))).ok, true)
  assert.equal((await provider.verify(bearer('abc'), fakeCall())).ok, false)
})

test('an outage is logged without the token, and never remembered', async () => {
  const provider = make(cached)
  server.answer = () => broken
  assert.equal(await verify(provider), 'unavailable')
  assert.equal(logged.length, 1)
  assert.equal(JSON.stringify(logged).includes('abc'), false)
  answers({})
  nowMs += 10_000
  assert.equal(await verify(provider), 'alice')
})

test('an endpoint that does not answer in time is an outage', async () => {
  server.answer = () => new Promise(() => {})
  assert.equal(await verify(make({ clientConfig: { reqTimeout: 0.05 } })), 'unavailable')
})

test('an endpoint that keeps failing is left alone, then tried by one call', async () => {
  const provider = make()
  server.answer = () => broken
  for (let token = 0; token < 5; token++) await verify(provider, `token${token}`)
  assert.equal(provider.ready?.(), false)
  const refused = await provider.verify(bearer('next'), fakeCall())
  assert.deepEqual([refused.ok, server.received.length], [false, 5])
  assert.equal(!refused.ok && refused.denial.retryAfterSeconds, 1)
  nowMs += 1000
  await Promise.all(['a', 'b', 'c'].map((token) => verify(provider, token)))
  assert.equal(server.received.length, 6)
  answers({})
  nowMs += 60_000
  assert.equal(await verify(provider), 'alice')
  assert.equal(provider.ready?.(), true)
})

test('an endpoint that says for how long it is out is left alone until then', async () => {
  const provider = make()
  server.answer = () => overloaded
  await verify(provider, 'a')
  answers({})
  nowMs += 6999
  assert.equal(await verify(provider, 'b'), 'unavailable')
  nowMs += 1
  assert.equal(await verify(provider, 'b'), 'alice')
})

test('1,000 concurrent calls with one unknown token ask once', async () => {
  const provider = make()
  const results = await Promise.all(Array.from({ length: 1000 }, () => verify(provider)))
  assert.deepEqual([new Set(results), server.received.length], [new Set(['alice']), 1])
})

const jws = (claims: object): string =>
  ['{}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.')

for (const [claim, token, requests] of [
  ['of the issuer is sent', jws({ iss: 'https://as.example' }), 1],
  ['without issuer is sent', jws({ sub: 'x' }), 1],
  ['of another issuer is not sent', jws({ iss: 'https://other.example' }), 0],
  ['of another issuer, oddly written, is not sent', jws({ iss: ['https://as.example/'] }), 0],
] as const) {
  test(`a JWT ${claim}`, async () => {
    const verdict = await verify(make({ issuer: 'https://as.example' }), token)
    assert.deepEqual([verdict, server.received.length], [requests === 1 ? 'alice' : 'invalid', requests])
  })
}

const imperative: [claim: string, value: string, scopes: string | undefined, verdict: string][] = [
  ['lets an active token in', 'Bearer abc', undefined, 'alice'],
  ['lets a token with the scope in', 'bearer abc', 'read', 'alice'],
  ['refuses a token without the scope', 'Bearer abc', 'admin', 'insufficient_scope'],
  ['refuses another scheme', 'Basic abc', undefined, 'invalid'],
  ['refuses what is no credential', 'Bearer', undefined, 'malformed'],
]
for (const [claim, value, scopes, verdict] of imperative) {
  test(`authorize ${claim}`, async () => {
    const result = await make().authorize(value, scopes)
    assert.equal(result.ok ? result.value.username : result.denial.code, verdict)
  })
}

test('authorize sends its parameters, and answers with others are other answers', async () => {
  const provider = make(cached)
  await provider.authorize('Bearer abc', undefined, { tenant: 'a' })
  await provider.authorize('Bearer abc', undefined, { tenant: 'a' })
  await provider.authorize('Bearer abc', undefined, { tenant: 'b' })
  assert.deepEqual(
    server.received.map(({ form }) => form.get('tenant')),
    ['a', 'b'],
  )
})

test('a closed provider listens to nothing', async () => {
  const counted = countListeners(services)
  services = counted.services
  const provider = make(cached)
  await verify(provider)
  await provider.close?.()
  assert.equal(counted.listeners(), 0)
})

const wrong: [field: string, config: object][] = [
  ['audience', { audience: undefined }],
  ['audience', { audience: [] }],
  ['url', { url: undefined }],
  ['url', { url: 'http://as.example/introspect' }],
  ['issuer', { url: undefined, issuer: 'wso2' }],
  ['optionalParams.token', { optionalParams: { token: 'x' } }],
  ['staleIfErrorSeconds', { staleIfErrorSeconds: 5 }],
  ['scopeKey', { scopeKey: '' }],
  ['issuer', { signedAnswers: { audience: 'us', signatureConfig: {} } }],
  [
    'signedAnswers.signatureConfig',
    { issuer: 'https://a', signedAnswers: { audience: 'us', signatureConfig: {} } },
  ],
]
for (const [field, config] of wrong) {
  test(`a service does not start with ${JSON.stringify(config)}`, () => {
    assert.throws(() => make(config), { name: 'ConfigError', path: `${path}.${field}` })
  })
}
