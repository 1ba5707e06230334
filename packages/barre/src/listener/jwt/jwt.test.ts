import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { bearer, fakeCall } from '../../../test/fake-call.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { failing, json, newJwk, startKeyEndpoint } from '../../../test/key-endpoint.ts'
import { guard, isPromise } from '../../core/index.ts'
import { createIssuer, importSigningKey, publicJwk } from '../../jose/index.ts'
import { jwtKind } from './jwt.ts'
import type { KeyEndpoint } from '../../../test/key-endpoint.ts'
import type { Decision, Peer, Policy, Provider } from '../../core/index.ts'
import type { JwtValidatorConfig } from './config.ts'

const start = 1_800_000_000
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signatureConfig = { algorithm: 'ES256', config: privateKey } as const
const services = fakeServices(() => start * 1000)
const issuer = createIssuer(
  { issuer: 'wso2', username: 'counter', audience: 'ballerina', signatureConfig },
  services,
  'issuer',
)
const config: JwtValidatorConfig = {
  issuer: 'wso2',
  audience: 'ballerina',
  signatureConfig: { certFile: publicKey },
}
const certificate = Buffer.from('the DER of a client certificate')
const x5t = createHash('sha256').update(certificate).digest('base64url')

function make(more: Partial<JwtValidatorConfig> = {}): Provider {
  const value: unknown = jwtKind.shape.check({ ...config, ...more }, 'auth[0].jwtValidatorConfig')
  return jwtKind.create(value as JwtValidatorConfig, services, 'auth[0].jwtValidatorConfig')
}

async function sign(claims: Record<string, unknown> = {}): Promise<string> {
  return issuer.issue({ claims: { scope: 'add_order', ...claims } })
}

/** What a service with these entries decides about a call. */
async function decide(
  providers: Provider[],
  sent: string | string[],
  peer?: Partial<Peer>,
): Promise<Decision> {
  const alternatives = providers.map((provider, index) => ({ provider, entry: `auth[${index}]` }))
  const policy: Policy = { alternatives, optional: false }
  return guard(policy, fakeCall(sent, peer))
}

test('a token names its caller by issuer and subject', async () => {
  const decision = await decide([make()], `Bearer ${await sign({ tenant: 'acme' })}`)
  assert.ok(decision.ok && decision.principal !== undefined)
  const { id, username, scheme, issuer: iss, scopes, claims, expiresAtSeconds } = decision.principal
  assert.deepEqual(
    { id, username, scheme, iss, scopes: [...scopes], tenant: claims['tenant'], expiresAtSeconds },
    {
      id: 'wso2:counter',
      username: 'counter',
      scheme: 'Bearer',
      iss: 'wso2',
      scopes: ['add_order'],
      tenant: 'acme',
      expiresAtSeconds: start + 300,
    },
  )
})

test('the same token gives the same principal, without a promise', async () => {
  const [provider, call] = [make(), fakeCall()]
  const token = await sign()
  const [first, second] = [provider.verify(bearer(token), call), provider.verify(bearer(token), call)]
  assert.ok(!isPromise(first) && first.ok && !isPromise(second) && second.ok)
  assert.equal(first.value.principal, second.value.principal)
})

const beside: [what: string, change: (token: string) => string, code: string][] = [
  ['a space before', (token) => ` ${token}`, 'malformed'],
  ['a space after', (token) => `${token} `, 'malformed'],
  ['a second value', (token) => `${token},${token}`, 'malformed'],
  ['a line break inside', (token) => token.replace('.', '.\n'), 'malformed'],
  ['a letter beyond ASCII', (token) => `${token}\u0141`, 'malformed'],
  ['quotes', (token) => `"${token}"`, 'malformed'],
  ['padding', (token) => `${token}=`, 'invalid'],
  ['a fourth segment', (token) => `${token}.`, 'invalid'],
]

for (const [what, change, code] of beside) {
  test(`refuses a token that is remembered with ${what}`, async () => {
    const [provider, token] = [make(), await sign()]
    assert.ok((await decide([provider], `Bearer ${token}`)).ok)
    const decision = await decide([provider], `Bearer ${change(token)}`)
    assert.equal(!decision.ok && decision.denial.code, code)
  })
}

test('scopes come from the claim that scopeKey names', async () => {
  const provider = make({ scopeKey: '/realm_access/roles' })
  const decision = await decide([provider], `Bearer ${await sign({ realm_access: { roles: ['admin'] } })}`)
  assert.deepEqual(decision.ok && [...(decision.principal?.scopes ?? [])], ['admin'])
})

const refused: [
  claim: string,
  sent: () => string[] | Promise<string[]>,
  code: string,
  challenges: string[],
][] = [
  ['nothing', () => [], 'missing', ['Bearer']],
  ['another scheme', () => ['Basic YTpi'], 'invalid', ['Bearer error="invalid_token"']],
  ['two credentials', () => ['Bearer a', 'Bearer b'], 'malformed', ['Bearer error="invalid_request"']],
  ['a broken token68', () => ['Bearer a b'], 'malformed', ['Bearer error="invalid_request"']],
  ['a token that is no JWT', () => ['Bearer opaque'], 'invalid', ['Bearer error="invalid_token"']],
  [
    'an expired token',
    async () => [`Bearer ${await sign({ exp: start - 11 })}`],
    'expired',
    ['Bearer error="invalid_token"'],
  ],
  [
    'a token of another issuer',
    async () => [`Bearer ${await sign({ iss: 'wso2/' })}`],
    'invalid',
    ['Bearer error="invalid_token"'],
  ],
  [
    'a token without subject',
    async () => [`Bearer ${await sign({ sub: undefined })}`],
    'invalid',
    ['Bearer error="invalid_token"'],
  ],
  [
    'a token with an empty subject',
    async () => [`Bearer ${await sign({ sub: '' })}`],
    'invalid',
    ['Bearer error="invalid_token"'],
  ],
]

for (const [claim, sent, code, challenges] of refused) {
  test(`refuses ${claim}`, async () => {
    const decision = await decide([make()], await sent())
    assert.ok(!decision.ok)
    assert.deepEqual([decision.denial.code, decision.challenges], [code, challenges])
  })
}

const bindings: [claim: string, confirmation: unknown, peer: Partial<Peer>, code: string | undefined][] = [
  ['a DPoP-bound token is refused as Bearer', { jkt: 'thumbprint' }, {}, 'invalid'],
  [
    'a certificate-bound token is taken with its certificate',
    { 'x5t#S256': x5t },
    { certificate },
    undefined,
  ],
  ['a certificate-bound token is refused without certificate', { 'x5t#S256': x5t }, {}, 'invalid'],
  [
    'a certificate-bound token is refused with another certificate',
    { 'x5t#S256': x5t },
    { certificate: Buffer.from('other') },
    'invalid',
  ],
  [
    'a token bound to a certificate and a key is refused',
    { 'x5t#S256': x5t, jkt: 'thumbprint' },
    { certificate },
    'invalid',
  ],
  ['an unknown way of binding is refused', { jwk: { kty: 'EC' } }, { certificate }, 'invalid'],
  ['an empty binding is refused', {}, { certificate }, 'invalid'],
  ['a binding that is no record is refused', 'x5t#S256', { certificate }, 'invalid'],
  ['a binding of null is refused', null, { certificate }, 'invalid'],
]

for (const [claim, confirmation, peer, code] of bindings) {
  test(claim, async () => {
    const [provider, authorization] = [make(), `Bearer ${await sign({ cnf: confirmation })}`]
    // Twice: the second answer is from memory, the certificate is not.
    for (let round = 0; round < 2; round++) {
      const decision = await decide([provider], authorization, peer)
      assert.equal(decision.ok ? undefined : decision.denial.code, code)
    }
  })
}

test('a certificate-bound token, once accepted, is refused from another client', async () => {
  const [provider, authorization] = [make(), `Bearer ${await sign({ cnf: { 'x5t#S256': x5t } })}`]
  assert.equal((await decide([provider], authorization, { certificate })).ok, true)
  assert.equal((await decide([provider], authorization)).ok, false)
})

test('a revoked token is refused from then on', async () => {
  const [provider, authorization] = [make(), `Bearer ${await sign({ jti: 'stolen' })}`]
  assert.equal((await decide([provider], authorization)).ok, true)
  services.revocations.revoke({ tokenId: 'stolen' })
  assert.equal((await decide([provider], authorization)).ok, false)
  await provider.close?.()
})

let endpoint: KeyEndpoint

before(async () => {
  const key = importSigningKey(privateKey, { algorithm: 'ES256', kid: 'one', path: 'key' })
  endpoint = await startKeyEndpoint(json({ keys: [publicJwk(key)] }))
})

after(() => endpoint.close())

test('keys come from the URL of jwksConfig', async () => {
  const provider = make({ signatureConfig: { jwksConfig: { url: endpoint.url } } })
  assert.equal(provider.ready?.(), false)
  assert.equal((await decide([provider], `Bearer ${await sign()}`)).ok, true)
  assert.equal(provider.ready?.(), true)
  await provider.close?.()
})

test('tokens of a key that was rotated out end, remembered or not', async () => {
  const { respond } = endpoint
  let nowMs = start * 1000
  const checked = { ...config, signatureConfig: { jwksConfig: { url: endpoint.url } } }
  const provider = jwtKind.create(
    checked,
    fakeServices(() => nowMs),
    'config',
  )
  const authorization = `Bearer ${await sign()}`
  assert.equal((await decide([provider], authorization)).ok, true)
  endpoint.respond = json({ keys: [newJwk('two')] })
  nowMs += 30_000
  assert.equal((await decide([provider], authorization)).ok, true, 'nobody knows of the rotation yet')
  const unknown = createIssuer(
    { issuer: 'wso2', username: 'counter', audience: 'ballerina', keyId: 'two', signatureConfig },
    services,
    'issuer',
  )
  assert.equal((await decide([provider], `Bearer ${await unknown.issue()}`)).ok, false)
  assert.equal((await decide([provider], authorization)).ok, false)
  endpoint.respond = respond
  await provider.close?.()
})

test('an outage at one issuer leaves the tokens of another alone', async () => {
  const { respond } = endpoint
  endpoint.respond = failing
  const other = make({ issuer: 'other', signatureConfig: { jwksConfig: { url: endpoint.url } } })
  const authorization = `Bearer ${await sign()}`
  assert.equal((await decide([other, make()], authorization)).ok, true)
  const alone = await decide([other], authorization)
  assert.equal(alone.ok ? undefined : alone.denial.code, 'invalid')
  const theirs = await decide([other, make()], `Bearer ${await sign({ iss: 'other' })}`)
  assert.ok(!theirs.ok)
  assert.deepEqual([theirs.denial.code, theirs.entry], ['unavailable', 'auth[0]'])
  endpoint.respond = respond
  await other.close?.()
})

const broken: [claim: string, more: Record<string, unknown>, path: string][] = [
  ['no audience', { audience: undefined }, 'audience'],
  ['no way to check a signature', { signatureConfig: {} }, 'signatureConfig'],
  ['a scopeKey that is no pointer', { scopeKey: '/a~2' }, 'scopeKey'],
  [
    'a key set over plain http',
    { signatureConfig: { jwksConfig: { url: 'http://issuer.example/jwks' } } },
    'signatureConfig.jwksConfig.url',
  ],
  ['an unknown field', { issuers: ['wso2'] }, 'issuers'],
]

for (const [claim, more, path] of broken) {
  test(`does not start with ${claim}`, () => {
    assert.throws(() => make(more), { name: 'ConfigError', path: `auth[0].jwtValidatorConfig.${path}` })
  })
}
