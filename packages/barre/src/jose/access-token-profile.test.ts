import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { fakeServices } from '../../test/fake-services.ts'
import { importSigningKey } from './import-key.ts'
import { signJws } from './jws.ts'
import { validatorShape } from './validator-config.ts'
import { createValidator } from './validator.ts'

const nowSeconds = 1_800_000_000
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signing = importSigningKey(pair.privateKey, { path: 'key', algorithm: 'ES256' })
const config = {
  issuer: 'https://issuer.example',
  audience: 'orders',
  profile: 'at+jwt',
  signatureConfig: { certFile: pair.publicKey },
}
// RFC 9068 §2.2: all that is required.
const claims = {
  iss: config.issuer,
  aud: 'orders',
  exp: nowSeconds + 60,
  sub: 'alice',
  client_id: 'orders-ui',
  iat: nowSeconds,
  jti: 'j1',
}

function create(more: object = {}) {
  const services = fakeServices(() => nowSeconds * 1000)
  return createValidator(validatorShape.check({ ...config, ...more }, 'config'), services, 'config')
}

async function verdict(payload: object, header: object = { typ: 'at+jwt' }): Promise<string> {
  const result = await create().validate(await signJws({ ...header }, JSON.stringify(payload), signing))
  return result.ok ? 'ok' : result.denial.code
}

test('an access token of the profile is accepted', async () => assert.equal(await verdict(claims), 'ok'))

for (const name of Object.keys(claims)) {
  test(`a token without ${name} is refused`, async () => {
    assert.equal(await verdict({ ...claims, [name]: undefined }), 'invalid')
  })
}

for (const [what, changed] of [
  ['an ID token, which is for the client', { aud: 'orders-ui', nonce: 'n' }],
  ['an empty sub', { sub: '' }],
  ['an empty jti', { jti: '' }],
  ['a client_id that is a list', { client_id: ['orders-ui'] }],
] as const) {
  test(`${what} is refused`, async () => assert.equal(await verdict({ ...claims, ...changed }), 'invalid'))
}

test('a token of another type is refused, whatever its claims', async () => {
  for (const typ of [undefined, 'JWT', 'logout+jwt', 'dpop+jwt', 'token-introspection+jwt']) {
    assert.equal(await verdict(claims, { typ }), 'invalid')
  }
})

for (const [field, value] of [
  ['issuer', undefined],
  ['audience', false],
  ['requireExp', false],
] as const) {
  test(`${field}: ${String(value)} is a start error`, () => {
    assert.throws(() => create({ [field]: value }), { code: 'config', path: `config.${field}` })
  })
}
