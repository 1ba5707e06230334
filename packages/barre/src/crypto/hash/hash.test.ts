import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedTest } from '../../../../../tools/shared.ts'
import { crc32, crc32File, crc32Stream } from './crc32.ts'
import { hash, hashFile, hashStream, legacyHash, legacyHashStream } from './hash.ts'
import { Keccak256 } from './keccak.ts'
import type { HashAlgorithm, LegacyHashAlgorithm } from './hash.ts'

// NIST's and RFC 7693's values for "abc", and Ethereum's for Keccak.
const ofAbc: readonly (readonly [algorithm: HashAlgorithm, hex: string])[] = [
  ['sha224', '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7'],
  ['sha256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'sha384',
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  ],
  ['sha512-256', '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23'],
  ['sha3-224', 'e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf'],
  ['sha3-256', '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
  ['keccak-256', '4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45'],
  ['blake2s256', '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982'],
  [
    'blake2b512',
    `
    ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc95
    18d38aa8dbf1925ab92386edd4009923`,
  ],
]
for (const [algorithm, hex] of ofAbc) {
  test(`${algorithm} of abc`, () =>
    assert.equal(hash(algorithm, 'abc').toString('hex'), hex.replaceAll(/\s/g, '')))
}

test('Keccak-256 of nothing', () => {
  const hex = 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
  assert.equal(hash('keccak-256', '').toString('hex'), hex)
})

test('with the padding of SHA-3 our Keccak is SHA3-256, at every length and in any pieces', () => {
  for (const size of [0, 1, 134, 135, 136, 137, 271, 272, 273, 1000, 5000]) {
    const data = randomBytes(size)
    const expected = createHash('sha3-256').update(data).digest()
    assert.deepEqual(new Keccak256(0x06).update(data).digest(), expected)
    const cut = Math.floor(size / 3)
    const pieces = new Keccak256(0x06).update(data.subarray(0, cut)).update(data.subarray(cut))
    assert.deepEqual(pieces.digest(), expected)
  }
})

interface Vector {
  readonly alg: string
  readonly input: string
  readonly salt: string | null
  readonly hex: string
}

sharedTest("every hash of Ballerina's own tests", ['ballerina', 'crypto-vectors.json'], (path) => {
  const vectors = (JSON.parse(readFileSync(path, 'utf8')) as { hash: readonly Vector[] }).hash
  assert.equal(vectors.length, 12)
  for (const { alg, input, salt, hex } of vectors) {
    const options = salt === null ? {} : { salt }
    const digest =
      alg === 'crc32b'
        ? crc32(input)
        : alg === 'md5' || alg === 'sha1'
          ? legacyHash(alg, input, options).toString('hex')
          : hash(alg.replace('keccak', 'keccak-') as HashAlgorithm, input, options).toString('hex')
    assert.equal(digest, hex, alg)
  }
})

async function* inPieces(data: Buffer): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < data.length; offset += 7) yield data.subarray(offset, offset + 7)
}

test('a stream and a file have the digest of their bytes', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'barre-hash-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const [path, data] = [join(folder, 'data'), randomBytes(100_000)]
  writeFileSync(path, data)
  const options = { salt: 'salt' }
  for (const algorithm of ['sha256', 'keccak-256', 'blake2b512'] as const) {
    const expected = hash(algorithm, data, options)
    assert.deepEqual(await hashStream(algorithm, inPieces(data), options), expected)
    assert.deepEqual(await hashFile(algorithm, path, options), expected)
  }
  for (const algorithm of ['md5', 'sha1'] satisfies LegacyHashAlgorithm[]) {
    assert.deepEqual(await legacyHashStream(algorithm, inPieces(data)), legacyHash(algorithm, data))
  }
  assert.equal(await crc32Stream(inPieces(data)), crc32(data))
  assert.equal(await crc32File(path), crc32(data))
})

test('a CRC-32 has eight digits', () => {
  assert.equal(crc32(''), '00000000')
  assert.equal(crc32('123456789'), 'cbf43926')
})
