import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { bearer as toBearer, fakeCall } from '../../test/fake-call.ts'
import { allowPlainPasswords, ConfigError, Secret, toPrincipal } from '../core/index.ts'
import { startOAuthServer } from '../../test/oauth-server.ts'
import { basic, bearer, inferredJwt, oauth2, propagate, selfSignedJwt } from './client.ts'
import { fileUserStore, introspection, jwtListener, mutualTls } from './listener.ts'

test('a provider made by hand is the one that the data makes', () => {
  const provider = fileUserStore({ users: [{ username: 'a', password: 'x' }], [allowPlainPasswords]: true })
  assert.deepEqual(provider.schemes, ['Basic'])
  assert.equal(mutualTls({ anyFromCa: [] }).needsClientCertificate, true)
})

test('a wrong configuration is named after its kind, as in the data', () => {
  assert.throws(() => fileUserStore({ users: [] }), { path: 'fileUserStoreConfig.users' })
  assert.throws(() => basic({ username: 'tom', password: '' }), {
    name: 'ConfigError',
    path: 'basic.password',
  })
  assert.throws(() => bearer({ token: 'a b' }), ConfigError)
})

const caller = {
  principal: toPrincipal({ id: 'a', username: 'a', scheme: 'Bearer' }),
  credential: new Secret('abc.def'),
}
const tokens = [
  ['basic', () => basic({ username: 'tom', password: '123' }).generateToken(), 'dG9tOjEyMw=='],
  [
    'basic, in UTF-8',
    () => basic({ username: 'test', password: '123£' }).generateToken(),
    'dGVzdDoxMjPCow==',
  ],
  ['bearer', () => bearer({ token: 'abc' }).generateToken(), 'abc'],
  ['propagate', () => propagate({ propagate: true }).generateToken({ caller }), 'abc.def'],
] as const
for (const [name, generate, expected] of tokens) {
  test(`generateToken gives what follows the scheme: ${name}`, async () => {
    assert.deepEqual(await generate(), { ok: true, value: expected })
  })
}

test('a token that we sign ourselves is one that our own provider takes', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const signatureConfig = { algorithm: 'Ed25519', config: privateKey } as const
  const issuer = { issuer: 'orders', audience: 'inventory', signatureConfig }
  const provider = jwtListener({ ...issuer, signatureConfig: { certFile: publicKey } })
  const tokensOf = [
    [await selfSignedJwt({ ...issuer, username: 'orders' }).generateToken(), 'orders:orders'],
    [await inferredJwt({ inferredJwtIssuerConfig: issuer }).generateToken({ caller }), 'orders:a'],
  ] as const
  for (const [token, id] of tokensOf) {
    assert.ok(token.ok)
    const proven = await provider.verify(toBearer(token.value), fakeCall())
    assert.equal(proven.ok && proven.value.principal.id, id)
  }
})

test('generateToken gives the refusal where there is no credential', async () => {
  const result = await propagate({ propagate: true }).generateToken()
  assert.equal(!result.ok && result.denial.code, 'missing')
})

test('a source without anything to wait for or to close is ready and closes', async () => {
  const source = bearer({ token: 'abc' })
  assert.equal(source.ready?.(), true)
  await source.close?.()
  const sent = await source.credential({ method: 'GET', target: 'https://orders.internal/' })
  assert.equal(sent.ok && sent.value.kind, 'token')
})

test('tokens of a server, and the question what they are, by hand', async (context) => {
  const server = await startOAuthServer(({ path, form }) =>
    path === '/token'
      ? { body: { access_token: `token${server.received.length}`, expires_in: 60 } }
      : { body: { active: form.get('token') === 'token1', sub: 'orders', scope: 'read' } },
  )
  context.after(() => server.close())
  const config = { tokenUrl: `${server.url}/token`, clientId: 'orders', clientSecret: 'x' }
  const source = oauth2(config)
  assert.deepEqual(await source.warmUp(), { ok: true, value: undefined })
  // Equal configurations share their token in the whole process.
  const token = await oauth2({ ...config }).generateToken()
  assert.deepEqual(token, { ok: true, value: 'token1' })

  const provider = introspection({
    url: `${server.url}/introspect`,
    audience: false,
    clientConfig: { auth: config },
  })
  const known = await provider.authorize(`Bearer ${token.value}`, 'read')
  assert.equal(known.ok && known.value.username, 'orders')
  assert.equal(server.received[1]?.headers.authorization, 'Bearer token1')
  const stranger = await provider.authorize('Bearer other', 'read', { tenant: 'a' })
  assert.equal(!stranger.ok && stranger.denial.code, 'invalid')
  await Promise.all([source.close?.(), provider.close?.()])
})

test('warmUp fails where no credential can be had', async (context) => {
  const server = await startOAuthServer(() => ({ status: 401, body: { error: 'invalid_client' } }))
  context.after(() => server.close())
  const source = oauth2({ tokenUrl: server.url, clientId: 'orders', clientSecret: 'x' })
  const result = await source.warmUp()
  assert.equal(!result.ok && result.denial.code, 'invalid')
  await source.close?.()
})
