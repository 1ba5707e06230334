import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedTest } from '../../../../../tools/shared.ts'
import { Secret } from '../../core/index.ts'
import { hkdf } from '../kdf/index.ts'
import { hmac, hmacFile, hmacStream, legacyHmac, legacyHmacStream, verifyHmac } from './hmac.ts'
import type { HmacAlgorithm } from './hmac.ts'

interface Vectors {
  readonly hmac: readonly {
    readonly alg: string
    readonly key: string
    readonly input: string
    readonly hex: string
  }[]
  readonly hkdfSha256: readonly {
    readonly ikmBase64: string
    readonly salt: string
    readonly info: string
    readonly length: number
    readonly okmBase64: string
  }[]
}

sharedTest("every HMAC and key of Ballerina's own tests", ['ballerina', 'crypto-vectors.json'], (path) => {
  const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vectors
  assert.equal(vectors.hmac.length, 5)
  for (const { alg, key, input, hex } of vectors.hmac) {
    const mac =
      alg === 'md5' || alg === 'sha1'
        ? legacyHmac(alg, input, { key })
        : hmac(alg as HmacAlgorithm, input, { key })
    assert.equal(mac.toString('hex'), hex, alg)
  }
  assert.equal(vectors.hkdfSha256.length, 4)
  for (const { ikmBase64, salt, info, length, okmBase64 } of vectors.hkdfSha256) {
    assert.equal(hkdf(Buffer.from(ikmBase64, 'base64'), { length, salt, info }).toString('base64'), okmBase64)
  }
})

test('RFC 4231, test case 2', () => {
  const mac = hmac('sha256', 'what do ya want for nothing?', { key: new Secret('Jefe') })
  assert.equal(mac.toString('hex'), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  assert.ok(verifyHmac('sha256', 'what do ya want for nothing?', mac, { key: 'Jefe' }))
  assert.ok(!verifyHmac('sha256', 'what do ya want for nothing!', mac, { key: 'Jefe' }))
  assert.ok(!verifyHmac('sha256', 'what do ya want for nothing?', mac.subarray(1), { key: 'Jefe' }))
})

test('RFC 5869, test case 1', () => {
  const okm = hkdf(Buffer.alloc(22, 0x0b), {
    length: 42,
    salt: Buffer.from('000102030405060708090a0b0c', 'hex'),
    info: Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex'),
  })
  const expected = '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'
  assert.equal(okm.toString('hex'), expected)
})

test('a key derivation of no bytes or too many is a mistake', () => {
  const key = Buffer.alloc(32)
  assert.equal(hkdf(key, { length: 255 * 32 }).length, 8160)
  for (const length of [0, 1.5, 255 * 32 + 1]) assert.throws(() => hkdf(key, { length }))
})

test('a KeyObject is a key as its bytes are, and no other than a secret one', () => {
  const key = Buffer.from('secret')
  assert.deepEqual(hmac('sha256', 'data', { key: createSecretKey(key) }), hmac('sha256', 'data', { key }))
  const { privateKey } = generateKeyPairSync('ed25519')
  assert.throws(() => hmac('sha256', 'data', { key: privateKey }), TypeError)
  assert.throws(() => hmac('sha256', 'data', { key: createSecretKey(Buffer.alloc(0)) }), TypeError)
})

test('an empty key is a mistake', () => {
  for (const key of ['', new Uint8Array(), new Secret('')]) {
    assert.throws(() => hmac('sha256', 'data', { key }), TypeError)
  }
})

async function* pieces(): AsyncGenerator<string> {
  yield* ['one', ' two']
}

test('a stream and a file have the HMAC of their bytes', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'barre-hmac-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'data')
  writeFileSync(path, 'one two')
  const expected = hmac('sha512', 'one two', { key: 'key' })
  assert.deepEqual(await hmacStream('sha512', pieces(), { key: 'key' }), expected)
  assert.deepEqual(await hmacFile('sha512', path, { key: 'key' }), expected)
  const old = legacyHmac('sha1', 'one two', { key: 'key' })
  assert.deepEqual(await legacyHmacStream('sha1', pieces(), { key: 'key' }), old)
})
