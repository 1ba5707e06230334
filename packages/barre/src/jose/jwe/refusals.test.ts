import assert from 'node:assert/strict'
import { constants, createSecretKey, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { encodeBase64url } from '../base64url.ts'
import { contentEncryptions } from './content-encryption.ts'
import { decryptJwe, inflatedMaxBytes } from './decrypt.ts'
import { encryptJwe, encryptJweJson } from './encrypt.ts'
import { importDecryptionKey, importEncryptionKey } from './import-key.ts'
import { jweMaxLength, recipientsMax } from './parse.ts'
import { passwordIterationsDefault, passwordIterationsMin } from './password.ts'
import type { JsonObject } from '../json.ts'
import type { DecryptOptions } from './decrypt.ts'
import type { JweAlgorithm } from './key-management.ts'

const path = 'key'
const encryption = 'A128GCM'
const shared = createSecretKey(randomBytes(16))
const dirKey = importDecryptionKey(shared, { path, algorithm: 'dir' })

/** A JWE of that header under the shared key, whatever the header says. */
function forge(header: object, plaintext: Buffer = Buffer.from('hi')): string {
  const segment = encodeBase64url(JSON.stringify(header))
  const iv = randomBytes(12)
  const sealed = contentEncryptions[encryption].encrypt(shared.export(), iv, Buffer.from(segment), plaintext)
  return [segment, '', ...[iv, sealed.ciphertext, sealed.tag].map(encodeBase64url)].join('.')
}

async function codeOf(jwe: string | JsonObject, key = dirKey, options: DecryptOptions = {}): Promise<string> {
  const result = await decryptJwe(jwe, key, options)
  return result.ok ? 'ok' : `${result.denial.code}: ${result.denial.detail}`
}

const direct = { alg: 'dir', enc: encryption }

test('a JWE is refused for its form or header before any key is used', async () => {
  const good = forge(direct)
  const padded = good.split('.').with(2, `${good.split('.')[2]}=`)
  const cases: readonly (readonly [string | JsonObject, string])[] = [
    [good, 'ok'],
    ['', 'malformed: a compact JWE has five segments'],
    [`${good}.`, 'malformed: a compact JWE has five segments'],
    [padded.join('.'), 'malformed: a part of the JWE is not canonical base64url'],
    [forge({ enc: encryption }), 'invalid: the header has no alg'],
    [forge({ alg: 'dir' }), 'invalid: the header has no enc'],
    [
      forge({ ...direct, kid: 'a\nb' }),
      'invalid: the kid is not text of at most 256 bytes without control characters',
    ],
    [forge({ ...direct, cty: 1 }), 'invalid: the cty is not text'],
    [forge({ ...direct, crit: ['exp'], exp: 1 }), 'invalid: the header demands an extension'],
    [forge({ ...direct, zip: 'GZ' }), 'invalid: the zip is not DEF, or is not protected'],
    [forge({ ...direct, alg: 'none' }), 'invalid: no key takes the alg, enc and kid of the header'],
    [forge({ ...direct, alg: 'A128KW' }), 'invalid: no key takes the alg, enc and kid of the header'],
    [forge({ ...direct, enc: '__proto__' }), 'invalid: no key takes the alg, enc and kid of the header'],
    [good.replace('..', '.AAAA.'), 'invalid: the algorithm has no encrypted key, and there is one'],
  ]
  for (const [jwe, expected] of cases) assert.equal(await codeOf(jwe), expected)
})

test('a JSON serialization is refused for its form or headers', async () => {
  const [segment = '', , iv = '', ciphertext = '', tag = ''] = forge({ enc: encryption }).split('.')
  const flat = { protected: segment, header: { alg: 'dir' }, iv, ciphertext, tag }
  const { header, ...content } = flat
  const cases: readonly (readonly [JsonObject, string])[] = [
    [flat, 'ok'],
    [{ ...content, recipients: [{ header }] }, 'ok'],
    [
      { ...flat, recipients: [{ header }] },
      'malformed: a JWE is either flattened or has a list of recipients',
    ],
    [{ ...content, recipients: {} }, 'malformed: a JWE is either flattened or has a list of recipients'],
    [{ ...content, recipients: [] }, 'malformed: a JWE has from 1 to 16 recipients'],
    [{ ...content, recipients: ['x'] }, 'malformed: a recipient is not an object'],
    [{ ...flat, header: 'x' }, 'malformed: an unprotected header is not an object'],
    [{ ...flat, protected: 1 }, 'malformed: the protected header is not text'],
    [{ ...flat, iv: 1 }, 'malformed: a part of the JWE is not canonical base64url'],
    [{ ...flat, encrypted_key: '=' }, 'malformed: a part of the JWE is not canonical base64url'],
    [{ ...flat, unprotected: { enc: encryption } }, 'invalid: a header parameter is there twice'],
    [{ ...flat, unprotected: { alg: 'dir' } }, 'invalid: a header parameter is there twice'],
    [{ ...flat, unprotected: { zip: 'DEF' } }, 'invalid: the zip is not DEF, or is not protected'],
    [{ ...flat, aad: 'AAAA' }, 'invalid: the JWE cannot be decrypted'],
    [{}, 'malformed: a part of the JWE is not canonical base64url'],
  ]
  for (const [jwe, expected] of cases) assert.equal(await codeOf(jwe), expected)
})

test('additional data is covered, with or without a protected header', async () => {
  for (const [segment, header] of [
    ['', direct],
    [encodeBase64url(JSON.stringify({ enc: encryption })), { alg: 'dir' }],
  ] as const) {
    const iv = randomBytes(12)
    const row = contentEncryptions[encryption]
    const sealed = row.encrypt(shared.export(), iv, Buffer.from(`${segment}.YWFk`), Buffer.from('hi'))
    const parts = { iv, ciphertext: sealed.ciphertext, tag: sealed.tag }
    const texts = Object.fromEntries(
      Object.entries(parts).map(([name, part]) => [name, encodeBase64url(part)]),
    )
    const jwe = { ...(segment !== '' && { protected: segment }), header, ...texts }
    assert.equal(await codeOf({ ...jwe, aad: 'YWFk' }), 'ok')
    assert.equal(await codeOf({ ...jwe, aad: 'YWFl' }), 'invalid: the JWE cannot be decrypted')
    assert.equal(await codeOf(jwe), 'invalid: the JWE cannot be decrypted')
  }
})

test('a content key that is agreed or shared has one recipient', async () => {
  const [segment = '', , iv = '', ciphertext = '', tag = ''] = forge({ enc: encryption }).split('.')
  const recipients = [{ header: { alg: 'dir' } }, { header: { alg: 'dir' } }]
  const jwe = { protected: segment, recipients, iv, ciphertext, tag }
  assert.equal(await codeOf(jwe), 'invalid: a content key that is agreed or shared has one recipient')
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  const epk = publicKey.export({ format: 'jwk' })
  const agreed = { ...jwe, recipients: recipients.map(() => ({ header: { alg: 'ECDH-ES', epk } })) }
  const key = importDecryptionKey(privateKey, { path, algorithm: 'ECDH-ES' })
  assert.equal(await codeOf(agreed, key), 'invalid: a content key that is agreed or shared has one recipient')
})

test('limits hold at the limit and not one past it', async () => {
  const key = importEncryptionKey(createSecretKey(randomBytes(16)), { path, algorithm: 'A128KW' })
  const full = await encryptJweJson(
    'hi',
    Array.from({ length: recipientsMax }, () => key),
    { encryption },
  )
  const { recipients = [] } = full
  const wrong = 'invalid: no key takes the alg, enc and kid of the header'
  assert.equal(await codeOf(full), wrong)
  const crowded = { ...full, recipients: [...recipients, recipients[0]] }
  assert.equal(await codeOf(crowded), 'malformed: a JWE has from 1 to 16 recipients')
  const long = 'a'.repeat(jweMaxLength)
  assert.match(await codeOf(long), /five segments/)
  assert.match(await codeOf(`${long}a`), /more than 1048576 characters/)
  assert.match(await codeOf({ ...full, ciphertext: `${long}a` }), /more than 1048576 characters/)
})

test('compressed plaintext is refused unless asked for, and bounded', async () => {
  const zipped = { ...direct, zip: 'DEF' }
  const largest = forge(zipped, deflateRawSync(Buffer.alloc(inflatedMaxBytes)))
  const bomb = forge(zipped, deflateRawSync(Buffer.alloc(inflatedMaxBytes + 1)))
  assert.equal(await codeOf(largest), 'invalid: compressed plaintext is not accepted here')
  assert.equal(await codeOf(largest, dirKey, { inflate: true }), 'ok')
  const tooLarge = `invalid: the plaintext does not inflate within ${inflatedMaxBytes} bytes`
  assert.equal(await codeOf(bomb, dirKey, { inflate: true }), tooLarge)
  assert.equal(await codeOf(forge(zipped), dirKey, { inflate: true }), tooLarge)
  const key = importEncryptionKey(shared, { path, algorithm: 'dir' })
  const ours = await encryptJwe('hi', key, { encryption, deflate: true })
  assert.equal(await codeOf(ours, dirKey, { inflate: true }), 'ok')
})

test('a password is stretched within bounds, by both sides', async () => {
  const algorithm = 'PBES2-HS256+A128KW'
  const encrypting = importEncryptionKey('correct horse', { path, algorithm })
  const decrypting = importDecryptionKey('correct horse', { path, algorithm })
  const withCount = (passwordIterations: number) =>
    encryptJwe('hi', encrypting, { encryption, passwordIterations })
  const problem = `invalid: the p2c is not from ${passwordIterationsMin} to ${passwordIterationsDefault}`
  assert.equal(await codeOf(await withCount(passwordIterationsDefault), decrypting), 'ok')
  assert.equal(await codeOf(await withCount(passwordIterationsMin), decrypting), 'ok')
  const many = await withCount(passwordIterationsDefault + 1)
  assert.equal(await codeOf(many, decrypting), problem)
  assert.equal(await codeOf(many, decrypting, { passwordIterationsMax: 20_000 }), 'ok')
  await assert.rejects(async () => withCount(passwordIterationsMin - 1), TypeError)
  const p2s = encodeBase64url(randomBytes(8))
  for (const [header, expected] of [
    [{ p2s, p2c: passwordIterationsMin - 1 }, problem],
    [{ p2s, p2c: 1e308 }, problem],
    [{ p2s, p2c: '2000' }, problem],
    [{ p2s: encodeBase64url(randomBytes(7)), p2c: 2000 }, 'invalid: the p2s has less than 8 bytes'],
    [{ p2s, p2c: 2000 }, 'invalid: the JWE cannot be decrypted'],
  ] as const) {
    assert.equal(await codeOf(forge({ alg: algorithm, enc: encryption, ...header }), decrypting), expected)
  }
})

test('a shortened tag or iv of A128GCMKW is refused', async () => {
  const key = importDecryptionKey(shared, { path, algorithm: 'A128GCMKW' })
  const iv = encodeBase64url(randomBytes(12))
  for (const [parameters, expected] of [
    [{ iv, tag: encodeBase64url(randomBytes(12)) }, 'invalid: the tag of the header is not 128 bits'],
    [{ iv: 'AAAA', tag: encodeBase64url(randomBytes(16)) }, 'invalid: the iv of the header is not 96 bits'],
    [{}, 'invalid: the iv of the header is not 96 bits'],
    [{ iv, tag: encodeBase64url(randomBytes(16)) }, 'invalid: the JWE cannot be decrypted'],
  ] as const) {
    assert.equal(await codeOf(forge({ alg: 'A128GCMKW', enc: encryption, ...parameters }), key), expected)
  }
})

test('an ephemeral key is refused off the curve, on another curve, or of small order', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  const { x } = publicKey.export({ format: 'jwk' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const small = encodeBase64url(Buffer.alloc(32))
  const key = importDecryptionKey(privateKey, { path, algorithm: 'ECDH-ES' })
  const unusable = 'invalid: the epk is not of the form of a known curve'
  const failed = 'invalid: the JWE cannot be decrypted'
  const good = { kty: 'OKP', crv: 'X25519', x }
  for (const [epk, expected, more] of [
    [good, failed, {}],
    [good, 'invalid: the apu is not base64url', { apu: '=' }],
    [{ ...good, x: small }, failed, {}],
    [other, failed, {}],
    [{ ...other, y: other.x }, failed, {}],
    [{ ...good, kty: 'EC' }, unusable, {}],
    [{ ...good, crv: 'toString' }, unusable, {}],
    [{ ...good, x: `${x}=` }, unusable, {}],
    [undefined, unusable, {}],
  ] as const) {
    assert.equal(await codeOf(forge({ alg: 'ECDH-ES', enc: encryption, epk, ...more }), key), expected)
  }
})

test('RSA1_5 is read only as legacy, and a broken padding is no other refusal than a wrong tag', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = importDecryptionKey(privateKey, { path, algorithm: 'RSA1_5', legacy: true })
  const [header = '', , ...rest] = forge({ alg: 'RSA1_5', enc: encryption }).split('.')
  const withKey = (encrypted: Buffer) => [header, encodeBase64url(encrypted), ...rest].join('.')
  const padding = constants.RSA_PKCS1_PADDING
  assert.equal(await codeOf(withKey(publicEncrypt({ key: publicKey, padding }, shared.export())), key), 'ok')
  for (const encrypted of [
    publicEncrypt({ key: publicKey, padding }, randomBytes(16)),
    publicEncrypt({ key: publicKey, padding }, randomBytes(15)),
    publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, Buffer.alloc(256, 1)),
    randomBytes(20),
    Buffer.alloc(0),
  ]) {
    assert.equal(await codeOf(withKey(encrypted), key), 'invalid: the JWE cannot be decrypted')
  }
})

test('a key decrypts only with its own algorithm, content encryption and kid', async () => {
  const jwk = { kty: 'oct', k: encodeBase64url(shared.export()), alg: encryption, kid: 'one', use: 'enc' }
  const key = importDecryptionKey(jwk, { path })
  assert.equal(await codeOf(forge(direct), key), 'ok')
  assert.equal(await codeOf(forge({ ...direct, kid: 'one' }), key), 'ok')
  const none = 'invalid: no key takes the alg, enc and kid of the header'
  assert.equal(await codeOf(forge({ ...direct, kid: 'two' }), key), none)
  assert.equal(await codeOf(forge({ ...direct, enc: 'A128CBC-HS256' }), key), none)
  assert.equal(await codeOf(forge({ ...direct, alg: 'A128GCMKW' }), key), none)
  assert.equal(await codeOf(forge(direct), key, { encryptions: ['A256GCM'] }), none)
  const both = await decryptJwe(forge(direct), [key, dirKey])
  assert.equal(!both.ok && both.denial.detail, 'more than one key fits the header')
})

test('each of several recipients decrypts with his own key', async () => {
  const pairs = [
    ['RSA-OAEP-256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ECDH-ES+A256KW', generateKeyPairSync('x25519')],
    ['A128GCMKW', { publicKey: shared, privateKey: shared }],
  ] as const
  const keys = pairs.map(([algorithm, { publicKey }], index) =>
    importEncryptionKey(publicKey, { path, algorithm, kid: `key ${index}` }),
  )
  const jwe = await encryptJweJson('hi', keys, { encryption, unprotected: { note: 'in clear' } })
  for (const [algorithm, { privateKey }] of pairs) {
    const key = importDecryptionKey(privateKey, { path, algorithm })
    const decrypted = await decryptJwe(JSON.parse(JSON.stringify(jwe)) as JsonObject, key)
    assert.equal(decrypted.ok && decrypted.value.plaintext.toString(), 'hi')
    assert.deepEqual(decrypted.ok && Object.keys(decrypted.value.protectedHeader), ['enc'])
  }
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const octet = { kty: 'oct', k: encodeBase64url(shared.export()) }

test('a key that cannot be used is a ConfigError at import', () => {
  const decrypting: readonly (readonly [
    Parameters<typeof importDecryptionKey>[0],
    JweAlgorithm | undefined,
    RegExp,
  ])[] = [
    [publicPem, undefined, /needs a PEM private key/],
    [rsa.publicKey, undefined, /needs a private key/],
    [rsa.privateKey, 'RSA1_5', /only with legacy/],
    [rsa.privateKey, 'A128KW', /does not fit A128KW/],
    [generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, undefined, /modulus/],
    [generateKeyPairSync('ed25519').privateKey, undefined, /no algorithm that encrypts/],
    [createSecretKey(randomBytes(20)), undefined, /no algorithm that encrypts/],
    [{ ...octet, alg: 'A128KW' }, 'A128GCMKW', /the JWK is for A128KW/],
    [{ ...octet, alg: 'HS256' }, undefined, /not one that encrypts/],
    [{ ...octet, use: 'sig' }, undefined, /not enc/],
    [{ ...octet, key_ops: ['encrypt'] }, undefined, /do not allow to decrypt/],
    [{ ...octet, kid: 'a\0' }, undefined, /kid/],
    [{ ...octet, k: 'A=' }, undefined, /base64url/],
    [{ kty: 'EC' }, undefined, /missing/],
    [privatePem, 'PBES2-HS256+A128KW', /expected a password/],
    ['', 'PBES2-HS256+A128KW', /expected a password/],
  ]
  for (const [source, algorithm, message] of decrypting) {
    assert.throws(() => importDecryptionKey(source, { path, ...(algorithm && { algorithm }) }), message)
  }
  assert.throws(() => importEncryptionKey(privatePem, { path, algorithm: 'RSA-OAEP' }), /private key/)
  assert.throws(() => importEncryptionKey(publicPem, { path }), /name the algorithm/)
  assert.throws(() => importEncryptionKey(rsa.publicKey, { path, algorithm: 'RSA1_5' }), /decryption only/)
})

test('options that contradict each other or the key are a TypeError', () => {
  const key = importEncryptionKey(shared, { path, algorithm: 'dir' })
  const bound = importEncryptionKey({ ...octet, alg: encryption }, { path })
  for (const attempt of [
    () => encryptJwe('hi', key, { encryption: 'A256GCM' }),
    () => encryptJwe('hi', bound, { encryption: 'A128CBC-HS256' }),
    () => encryptJwe('hi', key, { encryption, header: { alg: 'none' } }),
    () => encryptJweJson('hi', [key, key], { encryption }),
    () => encryptJweJson('hi', [], { encryption }),
    () => encryptJweJson('hi', [key], { encryption, header: { cty: 'a' }, unprotected: { cty: 'b' } }),
  ]) {
    assert.throws(attempt, TypeError)
  }
})
