import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { ConfigError } from '../core/index.ts'
import { compileClientAuth } from './compile-client-auth.ts'
import * as sourceKinds from './source-kinds.ts'
import { createServices } from './services.ts'

const services = createServices()
const need = { method: 'GET', target: 'https://orders.internal/' }

const good: readonly (readonly [string, unknown, string])[] = [
  ['a user name and password', { username: 'tom', password: '123' }, 'password'],
  ['a token', { token: 'abc' }, 'token'],
]
for (const [name, auth, kind] of good) {
  test(`${name} selects its kind`, async () => {
    const sent = await compileClientAuth(auth, services, 'auth').credential(need)
    assert.equal(sent.ok && sent.value.kind, kind)
  })
}

test('an issuer config selects its kind, though it has a user name as Basic has', async () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const auth = {
    issuer: 'us',
    username: 'orders',
    audience: 'x',
    signatureConfig: { algorithm: 'EdDSA', config: privateKey },
  }
  const sent = await compileClientAuth(auth, services, 'auth').credential(need)
  assert.equal(sent.ok && sent.value.kind, 'token')
})

test('propagate selects its kind', async () => {
  const sent = await compileClientAuth({ propagate: true }, services, 'auth').credential(need)
  assert.equal(!sent.ok && sent.denial.code, 'missing')
})

const url = 'https://as.example/token'
const grants: readonly (readonly [name: string, auth: object, path: string])[] = [
  ['client credentials', { tokenUrl: url, clientId: 'a', clientSecret: 7 }, 'clientSecret'],
  [
    'a password grant',
    { tokenUrl: url, username: 'tom', password: '123', refreshConfig: {} },
    'refreshConfig.refreshUrl',
  ],
  ['an assertion', { tokenUrl: url, assertion: 7 }, 'assertion'],
  ['an exchange', { tokenUrl: url, subjectToken: { caller: false } }, 'subjectToken'],
  ['a refresh token', { refreshUrl: url, refreshToken: 'r' }, 'clientId'],
  ['a direct token', { accessToken: 'a', refreshConfig: { refreshUrl: url } }, 'refreshConfig.clientId'],
]
for (const [name, auth, path] of grants) {
  test(`${name} selects its grant, whose fields an error then names`, () => {
    assert.throws(() => compileClientAuth(auth, services, 'auth'), { path: `auth.${path}` })
  })
}

test('the auth of an endpoint is compiled by the services', () => {
  assert.throws(() => services.credentialSource({ username: 'tom' }, 'jwksConfig.clientConfig.auth'), {
    path: 'jwksConfig.clientConfig.auth.password',
  })
})

const keys = Object.values(sourceKinds).map(({ key }) => key)
const bad: readonly (readonly [string, unknown, string])[] = [
  ['nothing', undefined, `client.auth: expected a record:`],
  ['a list', [{ token: 'abc' }], `client.auth: expected a record:`],
  ['an empty record', {}, `client.auth: expected one of`],
  ['an unknown record', { apiKey: 'x' }, `client.auth: expected one of`],
  ['a field without its key', { password: 'x' }, `client.auth: expected one of`],
  [
    'two kinds',
    { username: 'tom', password: '123', token: 'abc' },
    `client.auth: expected one kind, found username and token; known forms:`,
  ],
  ['an unknown field', { token: 'abc', tokn: 'x' }, 'client.auth.tokn: unknown field; known here: token'],
  ['a wrong value', { token: 7 }, 'client.auth.token: expected non-empty text or a Secret'],
]
for (const [name, auth, message] of bad) {
  test(`a client does not start with ${name}`, () => {
    assert.throws(
      () => compileClientAuth(auth, services, 'client.auth'),
      (error) => error instanceof ConfigError && error.message.startsWith(message),
    )
  })
}

test('the message lists every known form', () => {
  assert.throws(
    () => compileClientAuth({}, services, 'auth'),
    (error) => error instanceof ConfigError && keys.every((key) => error.message.includes(key)),
  )
})
