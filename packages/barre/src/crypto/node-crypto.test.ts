import assert from 'node:assert/strict'
import {
  argon2Sync,
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  decapsulate,
  encapsulate,
  generateKeyPairSync,
  hkdfSync,
  sign as signBytes,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  verify as verifyBytes,
} from 'node:crypto'
import { test } from 'node:test'
import {
  aesCbc,
  aesGcm,
  chaCha20Poly1305,
  hash,
  hashPassword,
  hkdf,
  hmac,
  mlKem768,
  rsaKem,
  rsaOaep,
  sign,
  verify,
} from './index.ts'
import type { CipherGCM, DecipherGCM, KeyObject } from 'node:crypto'
import type { Aead, AeadOptions, HashAlgorithm, HmacAlgorithm, SignatureAlgorithm } from './index.ts'

const data = randomBytes(1000)

test('hashes, HMACs and HKDF are those of node:crypto', () => {
  const hashes =
    'sha224 sha256 sha384 sha512 sha512-256 sha3-224 sha3-256 sha3-384 sha3-512 blake2b512 blake2s256'
  for (const name of hashes.split(' '))
    assert.deepEqual(hash(name as HashAlgorithm, data), createHash(name).update(data).digest(), name)
  for (const name of 'sha256 sha384 sha512 sha3-256 sha3-384 sha3-512'.split(' '))
    assert.deepEqual(
      hmac(name as HmacAlgorithm, data, { key: 'k' }),
      createHmac(name, 'k').update(data).digest(),
    )
  const theirs = Buffer.from(hkdfSync('sha512', data, 'salt', 'info', 100))
  assert.deepEqual(hkdf(data, { hash: 'sha512', salt: 'salt', info: 'info', length: 100 }), theirs)
})

const aeads: readonly (readonly [name: string, ours: Aead, keyBytes: number])[] = [
  ...[16, 24, 32].map((keyBytes) => [`aes-${keyBytes * 8}-gcm`, aesGcm, keyBytes] as const),
  ['chacha20-poly1305', chaCha20Poly1305, 32],
]
for (const [name, ours, keyBytes] of aeads) {
  test(`${name} goes out to node:crypto and comes back`, () => {
    const options = { key: randomBytes(keyBytes), nonce: randomBytes(12), additionalData: randomBytes(5) }
    assert.deepEqual(openByNode(name, ours.encrypt(data, options), options), data)
    assert.deepEqual(ours.decrypt(sealByNode(name, options), options), { ok: true, value: data })
  })
}

type Sealing = Required<AeadOptions>

function sealByNode(name: string, { key, nonce, additionalData }: Sealing): Buffer {
  const cipher = createCipheriv(name, key, nonce, { authTagLength: 16 } as object) as CipherGCM
  cipher.setAAD(additionalData)
  return Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()])
}

function openByNode(name: string, sealed: Buffer, { key, nonce, additionalData }: Sealing): Buffer {
  const decipher = createDecipheriv(name, key, nonce, { authTagLength: 16 } as object) as DecipherGCM
  decipher.setAAD(additionalData).setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

test('AES-CBC and RSA-OAEP go out to node:crypto and come back', () => {
  const [key, iv] = [randomBytes(32), randomBytes(16)]
  const decipher = createDecipheriv('aes-256-cbc', key, iv)
  assert.deepEqual(
    Buffer.concat([decipher.update(aesCbc.encrypt(data, { key, iv })), decipher.final()]),
    data,
  )
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const theirs = Buffer.concat([cipher.update(data), cipher.final()])
  assert.deepEqual(aesCbc.decrypt(theirs, { key, iv }), { ok: true, value: data })
  const secret = data.subarray(0, 32)
  for (const oaepHash of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }
    const ours = rsaOaep.encrypt(secret, { key: rsa.publicKey, hash: oaepHash })
    assert.deepEqual(privateDecrypt({ key: rsa.privateKey, ...padding }, ours), secret)
    const sealed = publicEncrypt({ key: rsa.publicKey, ...padding }, secret)
    const opened = rsaOaep.decrypt(sealed, { key: rsa.privateKey, hash: oaepHash })
    assert.deepEqual(opened, { ok: true, value: secret })
  }
})

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = (namedCurve: string): Pair => generateKeyPairSync('ec', { namedCurve })
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

const signatures: readonly (readonly [SignatureAlgorithm, Pair, digest: string | null, object])[] = [
  ...(['sha256', 'sha384', 'sha512'] as const).flatMap(
    (digest) =>
      [
        [`rsa-${digest}`, rsa, digest, {}],
        [`rsa-pss-${digest}`, rsa, digest, pss],
        [`ecdsa-${digest}`, ec({ sha256: 'P-256', sha384: 'P-384', sha512: 'P-521' }[digest]), digest, {}],
      ] as const,
  ),
  ['ed25519', generateKeyPairSync('ed25519'), null, {}],
  ['ed448', generateKeyPairSync('ed448'), null, {}],
  ['ml-dsa-44', generateKeyPairSync('ml-dsa-44'), null, {}],
  ['ml-dsa-65', generateKeyPairSync('ml-dsa-65'), null, {}],
  ['ml-dsa-87', generateKeyPairSync('ml-dsa-87'), null, {}],
]
for (const [algorithm, { publicKey, privateKey }, digest, options] of signatures) {
  test(`${algorithm} signatures go out to node:crypto and come back`, () => {
    const ours = sign(data, { algorithm, key: privateKey })
    assert.ok(verifyBytes(digest, data, { key: publicKey, ...options }, ours))
    const theirs = signBytes(digest, data, { key: privateKey, ...options })
    assert.ok(verify(data, theirs, { algorithm, key: publicKey }))
    assert.ok(!verify(data.subarray(1), theirs, { algorithm, key: publicKey }))
  })
}

/** ISO/IEC 18033-2: the one round that 32 bytes need. */
function kdf2(z: Buffer): Buffer {
  return createHash('sha256')
    .update(z)
    .update(Buffer.of(0, 0, 0, 1))
    .digest()
}

test('ML-KEM-768 and RSA-KEM go out to node:crypto and come back', () => {
  const mlKem = generateKeyPairSync('ml-kem-768')
  const ours = mlKem768.encapsulate(mlKem.publicKey)
  assert.deepEqual(decapsulate(mlKem.privateKey, ours.encapsulated), ours.sharedSecret)
  const theirs = encapsulate(mlKem.publicKey)
  const found = mlKem768.decapsulate(theirs.ciphertext, mlKem.privateKey)
  assert.deepEqual(found, { ok: true, value: theirs.sharedKey })
  const { encapsulated, sharedSecret } = rsaKem.encapsulate(rsa.publicKey)
  const raw = privateDecrypt({ key: rsa.privateKey, padding: constants.RSA_NO_PADDING }, encapsulated)
  assert.deepEqual(kdf2(raw), sharedSecret)
  const z = Buffer.concat([Buffer.of(0), randomBytes(255)])
  const sealed = publicEncrypt({ key: rsa.publicKey, padding: constants.RSA_NO_PADDING }, z)
  assert.deepEqual(rsaKem.decapsulate(sealed, rsa.privateKey), { ok: true, value: kdf2(z) })
})

test('argon2id is that of node:crypto', async () => {
  const stored = await hashPassword('pässword', { cost: { memoryKib: 64, passes: 2, lanes: 1 } })
  assert.ok(stored.ok)
  const [salt = '', tag = ''] = stored.value.split('$').slice(-2)
  const costs = { memory: 64, passes: 2, parallelism: 1, tagLength: Buffer.from(tag, 'base64').length }
  const nonce = Buffer.from(salt, 'base64')
  const theirs = argon2Sync('argon2id', { message: 'pässword', nonce, ...costs })
  assert.deepEqual(theirs, Buffer.from(tag, 'base64'))
})
