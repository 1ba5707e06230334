import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { fakeCall } from '../../test/fake-call.ts'
import { allowPlainPasswords, ConfigError, Secret, toPrincipal } from '../core/index.ts'
import { basic, bearer, inferredJwt, propagate, selfSignedJwt } from './client.ts'
import { fileUserStore, jwtListener, mutualTls } from './listener.ts'

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
    const proven = await provider.verify(token.value, fakeCall())
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
