import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { callerWith, formOf, obtain, startMs, tokenKit, tokens } from '../../../test/token-kit.ts'
import { createValidator } from '../../jose/index.ts'
import { ok, Secret } from '../../core/index.ts'

const client = { clientId: 'or:ders', clientSecret: 'a b+ü' }
const basic = `Basic ${Buffer.from('or%3Aders:a+b%2B%C3%BC').toString('base64')}`
const clientCredentials = { tokenUrl: '', ...client }

const requests: [name: string, config: object, form: object, authorization: string | undefined][] = [
  [
    'client credentials',
    { ...clientCredentials, scopes: ['read', 'write'], optionalParams: { tenant: 'a&b' } },
    { grant_type: 'client_credentials', scope: 'read write', tenant: 'a&b' },
    basic,
  ],
  [
    'scopes as one text',
    { ...clientCredentials, scopes: 'a b' },
    { grant_type: 'client_credentials', scope: 'a b' },
    basic,
  ],
  [
    'the secret in the body',
    { ...clientCredentials, credentialBearer: 'POST_BODY_BEARER' },
    { grant_type: 'client_credentials', client_id: 'or:ders', client_secret: 'a b+ü' },
    undefined,
  ],
  [
    'a client without secret',
    { tokenUrl: '', clientId: 'public' },
    { grant_type: 'client_credentials', client_id: 'public' },
    undefined,
  ],
  [
    'resources',
    { ...clientCredentials, resource: ['https://a.example/', 'https://b.example/'] },
    { grant_type: 'client_credentials', resource: 'https://a.example/,https://b.example/' },
    basic,
  ],
  [
    'a password',
    { tokenUrl: '', username: 'tom', password: 'p&w=', scopes: 'read' },
    { grant_type: 'password', username: 'tom', password: 'p&w=', scope: 'read' },
    undefined,
  ],
  [
    'a refresh token',
    { refreshUrl: '', refreshToken: 'r+1', ...client },
    { grant_type: 'refresh_token', refresh_token: 'r+1' },
    basic,
  ],
  [
    'the refresh token of a direct token',
    { refreshConfig: { refreshUrl: '', refreshToken: 'r1', ...client, scopes: 'read' } },
    { grant_type: 'refresh_token', refresh_token: 'r1', scope: 'read' },
    basic,
  ],
  [
    'an assertion',
    { tokenUrl: '', assertion: 'a.b.c', ...client },
    { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'a.b.c' },
    basic,
  ],
  [
    'an exchange',
    {
      tokenUrl: '',
      ...client,
      subjectToken: 's',
      actorToken: 'a',
      audience: 'stock',
      requestedTokenType: 'urn:x',
    },
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 's',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      actor_token: 'a',
      actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:x',
      audience: 'stock',
    },
    basic,
  ],
]
for (const [name, config, form, authorization] of requests) {
  test(`the request for ${name} has what its RFC wants, encoded`, async (context) => {
    const kit = await tokenKit(context)
    assert.equal(await obtain(kit.make({ ...config })), 'token1')
    const [received] = kit.server.received
    assert.ok(received !== undefined)
    assert.deepEqual(formOf(received), form)
    assert.equal(received.headers.authorization, authorization)
    assert.match(received.headers['content-type'] ?? '', /^application\/x-www-form-urlencoded/)
    assert.equal(received.headers.accept, 'application/json')
  })
}

test('a call that names scopes and audience gets a token for them', async (context) => {
  const kit = await tokenKit(context)
  const source = kit.make({ ...clientCredentials, scopes: 'all', resource: 'https://a.example/' })
  const first = await obtain(source, { scopes: ['read'], audience: 'https://b.example/' })
  const second = await obtain(source, { scopes: ['read'], audience: 'stock' })
  assert.deepEqual([first, second, await obtain(source)], ['token1', 'token2', 'token3'])
  assert.deepEqual(
    kit.server.received.map(({ form }) => [form.get('scope'), form.get('resource'), form.get('audience')]),
    [
      ['read', 'https://b.example/', null],
      ['read', null, 'stock'],
      ['all', 'https://a.example/', null],
    ],
  )
})

test('headers of the configuration are sent', async (context) => {
  const kit = await tokenKit(context)
  const clientConfig = { customHeaders: { 'x-key': '1' } }
  await obtain(kit.make({ ...clientCredentials, clientConfig }))
  assert.equal(kit.server.received[0]?.headers['x-key'], '1')
})

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const sharedSecret = 'f7a1c04b95d2e8836b1fa2c9d07e5b44'
const proofs = [
  ['private_key_jwt', { algorithm: 'ES256', config: keys.privateKey }, { certFile: keys.publicKey }],
  ['client_secret_jwt', { algorithm: 'HS256', config: sharedSecret }, { secret: sharedSecret }],
] as const
for (const [name, signatureConfig, verification] of proofs) {
  test(`a client proves itself by ${name}, with a new assertion each time`, async (context) => {
    const kit = await tokenKit(context)
    let count = 0
    Object.assign(kit.services, { random: (bytes: number) => new Uint8Array(bytes).fill(count++) })
    const clientAssertion = { audience: 'https://as.example', keyId: 'k1', signatureConfig }
    const source = kit.make({ tokenUrl: '', clientId: 'orders', clientAssertion })
    await obtain(source)
    await obtain(source, { audience: 'other' })
    const assertions = kit.server.received.map(({ form }) => form.get('client_assertion') ?? '')
    assert.notEqual(assertions[0], assertions[1])
    const rules = { issuer: 'orders', username: 'orders', audience: 'https://as.example', keyId: 'k1' }
    const validator = createValidator({ ...rules, signatureConfig: verification }, kit.services, '')
    const proven = await validator.validate(assertions[0] ?? '')
    assert.ok(proven.ok)
    assert.equal(proven.value.exp, startMs / 1000 + 60)
    const { client_id: id, client_assertion_type: type } = formOf(kit.server.received[0]!)
    assert.deepEqual([id, type], ['orders', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'])
  })
}

test("the caller's token is exchanged, once for each caller", async (context) => {
  const kit = await tokenKit(context)
  const source = kit.make({ tokenUrl: '', ...client, subjectToken: { caller: true } })
  const asked = ['alice', 'bob', 'alice'].map((name) => obtain(source, { caller: callerWith(name) }))
  assert.equal(new Set(await Promise.all(asked)).size, 2)
  const exchanged = new Set(kit.server.received.map(({ form }) => form.get('subject_token')))
  assert.deepEqual([exchanged, kit.server.received.length], [new Set(['alice', 'bob']), 2])
})

test('an exchange needs a caller whose token is there and has not expired', async (context) => {
  const kit = await tokenKit(context)
  const source = kit.make({ tokenUrl: '', ...client, subjectToken: { caller: true } })
  const caller = callerWith('alice', startMs / 1000 + 50)
  assert.equal(await obtain(source), 'missing')
  assert.equal(await obtain(source, { caller: { principal: caller.principal } }), 'missing')
  assert.equal(await obtain(source, { caller }), 'token1')
  kit.nowMs += 50_000
  assert.equal(await obtain(source, { caller }), 'expired')
})

test('an assertion may come from a source, which is asked for each request', async (context) => {
  const kit = await tokenKit(context)
  let count = 0
  const token = () => new Secret(`assertion${++count}`)
  Object.assign(kit.services, {
    credentialSource: () => ({ credential: () => ok({ kind: 'token', scheme: 'Bearer', token: token() }) }),
  })
  const source = kit.make({ tokenUrl: '', assertion: { auth: { issuer: 'us' } } })
  await obtain(source)
  kit.nowMs += 100_000
  await obtain(source)
  assert.deepEqual(
    kit.server.received.map(({ form }) => form.get('assertion')),
    ['assertion1', 'assertion2'],
  )
})

const renewals: [name: string, config: object, refreshed: object | 'again'][] = [
  ['password without refreshConfig', {}, 'again'],
  ['password with INFER_REFRESH_CONFIG', { refreshConfig: 'INFER_REFRESH_CONFIG' }, {}],
  [
    'password with a refreshConfig',
    { refreshConfig: { refreshUrl: '', scopes: 'less', credentialBearer: 'POST_BODY_BEARER' } },
    { scope: 'less', client_id: 'or:ders', client_secret: 'a b+ü' },
  ],
]
for (const [name, config, refreshed] of renewals) {
  test(`${name}: how a token is renewed`, async (context) => {
    const kit = await tokenKit(context)
    kit.server.answer = () => tokens(kit.server, { refresh_token: `r${kit.server.received.length}` })
    const source = kit.make({
      tokenUrl: '',
      username: 'tom',
      password: '1',
      scopes: 'all',
      ...client,
      ...config,
    })
    const seen = []
    for (let round = 0; round < 3; round++) {
      await obtain(source)
      kit.nowMs += 100_000
      seen.push(formOf(kit.server.received[round]!))
    }
    const initial = { grant_type: 'password', username: 'tom', password: '1', scope: 'all' }
    const refresh = (token: string) => ({
      grant_type: 'refresh_token',
      refresh_token: token,
      ...(refreshed as object),
    })
    const expected =
      refreshed === 'again' ? [initial, initial, initial] : [initial, refresh('r1'), refresh('r2')]
    assert.deepEqual(seen, expected)
  })
}

test('a refresh token that is no longer good makes room for the grant itself', async (context) => {
  const kit = await tokenKit(context)
  kit.server.answer = ({ form }) =>
    form.get('grant_type') === 'refresh_token'
      ? { status: 400, body: { error: 'invalid_grant' } }
      : tokens(kit.server, { refresh_token: 'r' })
  const source = kit.make({ tokenUrl: '', assertion: 'a.b.c' })
  await obtain(source)
  kit.nowMs += 100_000
  assert.equal(await obtain(source), 'token3')
})

const wrong: [field: string, config: object][] = [
  ['tokenUrl', { tokenUrl: 'http://as.example/token', ...client }],
  ['clientId', { tokenUrl: '' }],
  ['clientId', { tokenUrl: '', username: 'a', password: 'b', clientSecret: 'x' }],
  ['clientSecret', { tokenUrl: '', clientId: 'a', credentialBearer: 'POST_BODY_BEARER' }],
  ['clientSecret', { ...clientCredentials, credentialBearer: 'NO_BEARER' }],
  ['password', { tokenUrl: '', username: 'a' }],
  ['username', { tokenUrl: '', password: 'a' }],
  ['refreshConfig', { ...clientCredentials, refreshConfig: 'INFER_REFRESH_CONFIG' }],
  ['optionalParams.scope', { ...clientCredentials, optionalParams: { scope: 'x' } }],
  ['clientConfig.auth', { ...clientCredentials, clientConfig: { auth: { token: 'x' } } }],
  ['refreshConfig', { accessToken: 'x' }],
  [
    'refreshConfig.refreshUrl',
    { tokenUrl: '', username: 'a', password: 'b', refreshConfig: { refreshUrl: 'ftp://x' } },
  ],
  ['refreshConfig.refreshToken', { refreshConfig: { refreshUrl: '', clientId: 'x' } }],
  ['assertion', { tokenUrl: '', assertion: {} }],
  ['clockSkew', { ...clientCredentials, clockSkew: -1 }],
  [
    'clientAssertion',
    {
      ...clientCredentials,
      clientAssertion: { audience: 'x', signatureConfig: { config: keys.privateKey } },
    },
  ],
]
for (const [field, config] of wrong) {
  test(`a client does not start: oauth2.${field} is wrong in ${Object.keys(config).join(', ')}`, async (context) => {
    const kit = await tokenKit(context)
    assert.throws(
      () => kit.make({ ...config }),
      (error: { name: string; path: string }) =>
        error.name === 'ConfigError' && error.path.startsWith(`oauth2.${field}`),
    )
  })
}
