import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { aesCbc } from './aes-cbc.ts'
import { aesGcm } from './aes-gcm.ts'
import { chaCha20Poly1305 } from './chacha20-poly1305.ts'
import { DecryptionError } from './decryption-error.ts'
import { legacyAesEcb } from './legacy-aes-ecb.ts'
import { padOaep, unpadOaep } from './oaep-padding.ts'
import { legacyRsaPkcs1, rsaOaep } from './rsa.ts'
import type { Result } from '../../core/index.ts'
import type { RsaOaepOptions } from './rsa.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex')
const key = randomBytes(32)
const nonce = randomBytes(12)

test('AES-GCM: the McGrew and Viega test case 4', () => {
  const options = {
    key: bytes('feffe9928665731c6d6a8f9467308308'),
    nonce: bytes('cafebabefacedbaddecaf888'),
    additionalData: bytes('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
  }
  const plaintext = bytes(
    `
    d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525
    b16aedf5aa0de657ba637b39`,
  )
  const expected = bytes(
    `
    42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05
    1ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47`,
  )
  assert.deepEqual(aesGcm.encrypt(plaintext, options), expected)
  assert.deepEqual(aesGcm.decrypt(expected, options), { ok: true, value: plaintext })
})

test('ChaCha20-Poly1305: RFC 8439 §2.8.2', () => {
  const options = {
    key: Buffer.from(Array.from({ length: 32 }, (_, index) => 0x80 + index)),
    nonce: bytes('07 00 00 00 40 41 42 43 44 45 46 47'),
    additionalData: bytes('50 51 52 53 c0 c1 c2 c3 c4 c5 c6 c7'),
  }
  const text =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
  const sealed = chaCha20Poly1305.encrypt(text, options)
  assert.equal(sealed.subarray(-16).toString('hex'), '1ae10b594f09e26a7e902ecbd0600691')
  assert.deepEqual(chaCha20Poly1305.decrypt(sealed, options), { ok: true, value: Buffer.from(text) })
})

test('AES-CBC and AES-ECB: NIST SP 800-38A §F', () => {
  const options = { key: bytes('2b7e151628aed2a6abf7158809cf4f3c'), padding: 'none' } as const
  const block = bytes('6bc1bee22e409f96e93d7e117393172a')
  const iv = bytes('000102030405060708090a0b0c0d0e0f')
  assert.equal(aesCbc.encrypt(block, { ...options, iv }).toString('hex'), '7649abac8119b246cee98e9b12e9197d')
  assert.equal(legacyAesEcb.encrypt(block, options).toString('hex'), '3ad77bb40d7a3660a89ecaf32466ef97')
})

interface AnyCipher {
  encrypt(plaintext: string | Uint8Array, options: object): Buffer
  decrypt(ciphertext: Uint8Array, options: object): Result<Buffer>
  encryptStream(plaintext: AsyncIterable<string | Uint8Array>, options: object): AsyncIterable<Buffer>
  decryptStream(ciphertext: AsyncIterable<Uint8Array>, options: object): AsyncIterable<Buffer>
}
const ciphers: readonly (readonly [name: string, cipher: unknown, options: object, authentic: boolean])[] = [
  ['AES-128-GCM', aesGcm, { key: key.subarray(16), nonce, tagBytes: 12 }, true],
  ['AES-256-GCM', aesGcm, { key, nonce: Buffer.alloc(16), additionalData: Buffer.from('a') }, true],
  ['ChaCha20-Poly1305', chaCha20Poly1305, { key, nonce }, true],
  ['AES-192-CBC', aesCbc, { key: key.subarray(8), iv: randomBytes(16) }, false],
  ['AES-256-ECB', legacyAesEcb, { key }, false],
]

async function* inPieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < data.length; offset += size) yield data.subarray(offset, offset + size)
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

for (const [name, any, options, authentic] of ciphers) {
  const cipher = any as AnyCipher
  test(`${name} opens what it closed, whole and as a stream in any pieces`, async () => {
    for (const size of [0, 1, 15, 16, 17, 1000]) {
      const plaintext = randomBytes(size)
      const ciphertext = cipher.encrypt(plaintext, options)
      assert.deepEqual(cipher.decrypt(ciphertext, options), { ok: true, value: plaintext })
      for (const piece of [1, 16, 40, 2000]) {
        assert.deepEqual(await collect(cipher.encryptStream(inPieces(plaintext, piece), options)), ciphertext)
        assert.deepEqual(await collect(cipher.decryptStream(inPieces(ciphertext, piece), options)), plaintext)
      }
    }
  })

  test(`${name} refuses what is cut or closed with another key`, async () => {
    const ciphertext = cipher.encrypt('attack at dawn', options)
    const other = { ...options, key: randomBytes((options as { key: Buffer }).key.length) }
    const wrong: readonly (readonly [Uint8Array, object])[] = [
      [ciphertext.subarray(0, -1), options],
      ...(authentic ? ([[ciphertext.subarray(0, 3), options]] as const) : []),
      ...(authentic ? ([[ciphertext, other]] as const) : []),
    ]
    for (const [changed, used] of wrong) {
      const result = cipher.decrypt(changed, used)
      assert.equal(!result.ok && result.denial.code, 'invalid')
      await assert.rejects(
        collect(cipher.decryptStream(inPieces(Buffer.from(changed), 5), used)),
        DecryptionError,
      )
    }
  })
}

test('an authentic cipher notices every changed bit, and other additional data', () => {
  const options = { key, nonce, additionalData: Buffer.from('a') }
  for (const cipher of [aesGcm, chaCha20Poly1305]) {
    const ciphertext = cipher.encrypt('attack', options)
    for (let bit = 0; bit < ciphertext.length * 8; bit++) {
      const changed = Buffer.from(ciphertext)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(cipher.decrypt(changed, options).ok, false)
    }
    assert.equal(cipher.decrypt(ciphertext, { key, nonce }).ok, false)
  }
})

const mistakes: readonly (readonly [name: string, use: () => unknown])[] = [
  ['an AES key of 31 bytes', () => aesGcm.encrypt('', { key: key.subarray(1), nonce })],
  ['an AES-GCM nonce of 11 bytes', () => aesGcm.encrypt('', { key, nonce: nonce.subarray(1) })],
  ['an AES-GCM nonce of 17 bytes', () => aesGcm.encrypt('', { key, nonce: Buffer.alloc(17) })],
  ['an AES-GCM tag of 11 bytes', () => aesGcm.decrypt(Buffer.alloc(20), { key, nonce, tagBytes: 11 })],
  ['an AES-GCM tag of 17 bytes', () => aesGcm.encrypt('', { key, nonce, tagBytes: 17 })],
  ['an AES-CBC IV of 12 bytes', () => aesCbc.encrypt('', { key, iv: nonce })],
  ['a ChaCha20 key of 16 bytes', () => chaCha20Poly1305.encrypt('', { key: key.subarray(16), nonce })],
  ['a ChaCha20 nonce of 16 bytes', () => chaCha20Poly1305.encrypt('', { key, nonce: Buffer.alloc(16) })],
  ['half a block without padding', () => legacyAesEcb.encrypt('half', { key, padding: 'none' })],
]
for (const [name, use] of mistakes) test(`${name} is a mistake`, () => assert.throws(use, TypeError))

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const oaepOptions: readonly Omit<RsaOaepOptions, 'key'>[] = [
  {},
  { hash: 'sha1' },
  { hash: 'sha512', label: Buffer.from('x') },
  { hash: 'sha256', mgf1Hash: 'sha1' },
  { hash: 'sha1', mgf1Hash: 'sha384', label: Buffer.from('x') },
]
for (const options of oaepOptions) {
  test(`RSA-OAEP with ${JSON.stringify(options)} opens what it closed, and nothing else`, () => {
    const ciphertext = rsaOaep.encrypt('secret', { key: rsa.publicKey, ...options })
    const opened = rsaOaep.decrypt(ciphertext, { key: rsa.privateKey, ...options })
    assert.equal(opened.ok && opened.value.toString(), 'secret')
    const hash = options.hash === 'sha1' ? 'sha256' : 'sha1'
    for (const wrong of [
      { ...options, hash },
      { ...options, label: Buffer.from('y') },
    ] as const) {
      const result = rsaOaep.decrypt(ciphertext, { key: rsa.privateKey, ...wrong })
      assert.equal(!result.ok && result.denial.code, 'invalid')
    }
  })
}

test('our OAEP padding is the one of OpenSSL, in both directions', () => {
  const hashes = { hash: 'sha256', mgf1Hash: 'sha256', label: Buffer.from('label') }
  const padding = constants.RSA_NO_PADDING
  for (const size of [0, 1, 190]) {
    const message = randomBytes(size)
    const theirs = publicEncrypt({ key: rsa.publicKey, oaepHash: 'sha256', oaepLabel: hashes.label }, message)
    assert.deepEqual(unpadOaep(privateDecrypt({ key: rsa.privateKey, padding }, theirs), hashes), message)
    const ours = publicEncrypt({ key: rsa.publicKey, padding }, padOaep(message, 256, hashes) ?? '')
    const options = { key: rsa.privateKey, label: hashes.label }
    assert.deepEqual(rsaOaep.decrypt(ours, options), { ok: true, value: message })
  }
  assert.equal(padOaep(Buffer.alloc(191), 256, hashes), undefined)
})

test('OAEP padding with any bit changed is no padding', () => {
  const hashes = { hash: 'sha1', mgf1Hash: 'sha256', label: Buffer.of() }
  const padded = padOaep(Buffer.alloc(16, 0xaa), 64, hashes)
  assert.ok(padded)
  for (let bit = 0; bit < padded.length * 8; bit++) {
    const changed: Buffer = Buffer.from(padded)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(unpadOaep(changed, hashes), undefined)
  }
  assert.equal(unpadOaep(Buffer.alloc(41), hashes), undefined)
})

test('RSA PKCS#1 v1.5 opens what it closed, and says nothing of what it did not', () => {
  const ciphertext = legacyRsaPkcs1.encrypt('secret', { key: rsa.publicKey })
  const opened = legacyRsaPkcs1.decrypt(ciphertext, { key: rsa.privateKey })
  assert.equal(opened.ok && opened.value.toString(), 'secret')
  const changed = Buffer.from(ciphertext)
  changed[10]! ^= 1
  const other = legacyRsaPkcs1.decrypt(changed, { key: rsa.privateKey })
  assert.ok(other.ok && other.value.toString() !== 'secret')
})

test('RSA with the wrong key or too much data is a mistake', () => {
  const uses: readonly (() => unknown)[] = [
    () => rsaOaep.encrypt('x', { key: rsa.privateKey }),
    () => rsaOaep.decrypt(Buffer.alloc(256), { key: rsa.publicKey }),
    () => rsaOaep.encrypt('x', { key: ec.publicKey }),
    () => rsaOaep.encrypt(Buffer.alloc(191), { key: rsa.publicKey }),
    () => legacyRsaPkcs1.encrypt(Buffer.alloc(246), { key: rsa.publicKey }),
  ]
  for (const use of uses) assert.throws(use, TypeError)
  assert.ok(rsaOaep.encrypt(Buffer.alloc(190), { key: rsa.publicKey }))
  assert.ok(legacyRsaPkcs1.encrypt(Buffer.alloc(245), { key: rsa.publicKey }))
})
