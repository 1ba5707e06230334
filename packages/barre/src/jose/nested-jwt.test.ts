import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as jose from 'jose'
import { fakeServices } from '../../test/fake-services.ts'
import { ConfigError } from '../core/index.ts'
import { createIssuer } from './issuer.ts'
import { createValidator } from './validator.ts'
import { encryptJwe } from './jwe/encrypt.ts'
import { importEncryptionKey } from './jwe/import-key.ts'
import { tokenMaxLength } from './jws.ts'
import type { EncryptionConfig } from './nested-config.ts'

const startMs = Date.UTC(2030, 0)
const services = fakeServices(() => startMs)
const signing = generateKeyPairSync('ed25519')
const reader = generateKeyPairSync('x25519')
const expected = { issuer: 'sts', audience: 'orders', signatureConfig: { certFile: signing.publicKey } }
const decryptionConfig = { algorithm: 'ECDH-ES', config: reader.privateKey } as const
const encryptionConfig = { algorithm: 'ECDH-ES', config: reader.publicKey, keyId: 'reader' } as const

function issue(encryption?: EncryptionConfig) {
  const signatureConfig = { algorithm: 'EdDSA', config: signing.privateKey } as const
  const said = { issuer: 'sts', username: 'alice', audience: 'orders', signatureConfig }
  return createIssuer(
    { ...said, ...(encryption && { encryptionConfig: encryption }) },
    services,
    'issuer',
  ).issue()
}

const validator = createValidator({ ...expected, decryptionConfig }, services, 'validator')

async function codeOf(token: string): Promise<string> {
  const result = await validator.validate(token)
  return result.ok ? 'ok' : `${result.denial.code}: ${result.denial.detail}`
}

const sealing = importEncryptionKey(reader.publicKey, { path: 'key', algorithm: 'ECDH-ES' })
const seal = (text: string, cty?: string) =>
  encryptJwe(text, sealing, { encryption: 'A256GCM', ...(cty !== undefined && { header: { cty } }) })

test('a token that is signed, then encrypted for us, is read at once and remembered', async () => {
  const token = await issue(encryptionConfig)
  const first = validator.validate(token)
  assert.ok('ok' in first && first.ok)
  assert.equal(first.value.sub, 'alice')
  assert.equal(validator.validate(token), first)
  const { plaintext, protectedHeader } = await jose.compactDecrypt(token, reader.privateKey)
  assert.deepEqual([protectedHeader.cty, protectedHeader.kid], ['JWT', 'reader'])
  await jose.jwtVerify(Buffer.from(plaintext).toString(), signing.publicKey, {
    currentDate: new Date(startMs),
  })
})

test('layers in another order or number are refused', async () => {
  const signed = await issue()
  const cases: readonly (readonly [string, string])[] = [
    [await seal(signed, 'JWT'), 'ok'],
    [await seal(signed, 'application/jwt'), 'ok'],
    [signed, 'malformed: a compact JWE has five segments'],
    [await seal(signed), 'invalid: the cty of the encrypted token is not JWT'],
    [await seal(signed, 'JWS'), 'invalid: the cty of the encrypted token is not JWT'],
    [
      await seal('{"iss":"sts","aud":"orders","exp":9999999999}', 'JWT'),
      'malformed: a compact JWS has three segments',
    ],
    [
      await seal(await seal(signed, 'JWT'), 'JWT'),
      'malformed: a segment of the JWS is not canonical base64url',
    ],
    ['a'.repeat(tokenMaxLength), 'malformed: a compact JWE has five segments'],
    ['a'.repeat(tokenMaxLength + 1), 'malformed: the token has more than 16384 characters'],
  ]
  for (const [token, verdict] of cases) assert.equal(await codeOf(token), verdict)
  const plain = createValidator(expected, services, 'validator')
  const encrypted = await plain.validate(await issue(encryptionConfig))
  assert.equal(!encrypted.ok && encrypted.denial.code, 'malformed')
})

test('what is inside is judged as any signed token', async () => {
  const foreign = generateKeyPairSync('ed25519').privateKey
  const forged = await new jose.SignJWT({})
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer('sts')
    .setAudience('orders')
    .setExpirationTime(startMs / 1000 + 60)
    .sign(foreign)
  assert.equal(await codeOf(await seal(forged, 'JWT')), 'invalid: the signature does not match')
  const expired = await new jose.SignJWT({})
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer('sts')
    .setAudience('orders')
    .setExpirationTime(startMs / 1000 - 60)
    .sign(signing.privateKey)
  assert.equal(await codeOf(await seal(expired, 'JWT')), 'expired: the token has expired')
})

test('a content encryption that is not listed is refused; a key that does not fit is a ConfigError', async () => {
  const narrow = { ...decryptionConfig, encryptions: ['A128GCM'] } as const
  const strict = createValidator({ ...expected, decryptionConfig: narrow }, services, 'validator')
  const refused = await strict.validate(await issue(encryptionConfig))
  assert.equal(!refused.ok && refused.denial.code, 'invalid')
  const wrong = { algorithm: 'A128KW', config: createSecretKey(randomBytes(32)) } as const
  assert.throws(
    () => createValidator({ ...expected, decryptionConfig: wrong }, services, 'validator'),
    (error) => error instanceof ConfigError && error.path === 'validator.decryptionConfig.config',
  )
  assert.throws(() => issue(wrong), ConfigError)
})
