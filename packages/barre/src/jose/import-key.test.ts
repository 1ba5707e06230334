import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { ConfigError, Secret } from '../core/index.ts'
import { importSecret, importSigningKey, importVerificationKey } from './import-key.ts'
import { publicJwk, thumbprint } from './jwk.ts'
import { parseJws, signJws, verifyJws } from './jws.ts'
import { kidMaxBytes } from './key.ts'
import { readKeys } from './key-set.ts'
import { rsaExponentMaxBits, rsaModulusMaxBits, rsaModulusMinBits } from './rsa-checks.ts'
import type { Jwk } from './jwk.ts'

const path = 'here'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsaJwk = rsa.publicKey.export({ format: 'jwk' }) as Jwk
const spki = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()

const base64url = (value: bigint) => {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}
const modulus = BigInt(`0x${Buffer.from(String(rsaJwk['n']), 'base64url').toString('hex')}`)

/** A modulus with the ROCA fingerprint: modulo every small odd prime it is a power of 65537. */
function rocaModulus(): bigint {
  const odd = Array.from({ length: 83 }, (_, index) => 2 * index + 3)
  const primes = odd.filter((number) => odd.every((other) => other >= number || number % other !== 0))
  const product = primes.reduce((all, prime) => all * BigInt(prime), 1n)
  const fingerprint = 65_537n ** 5n % product
  const base = (1n << 2047n) / product
  const candidates = [1n, 2n].map((step) => fingerprint + product * (base + step))
  return candidates.find((candidate) => candidate % 2n === 1n)!
}

const refusesError = (problem: RegExp) => (error: unknown) =>
  error instanceof ConfigError && error.path === path && problem.test(error.message)

const publicKeys: readonly (readonly [string, Parameters<typeof importVerificationKey>[0], RegExp])[] = [
  ['a private KeyObject', rsa.privateKey, /found a private key/],
  [
    'a private key as PEM',
    rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    /found a private key/,
  ],
  ['text that is no key', 'secret', /PEM public key or certificate/],
  ['a broken certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /certificate/],
  ['an X25519 key', generateKeyPairSync('x25519').publicKey, /no signature algorithm/],
  ['a curve outside JOSE', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, /no signature/],
  [
    'RSA one bit too short',
    generateKeyPairSync('rsa', { modulusLength: rsaModulusMinBits - 1 }).publicKey,
    /bits/,
  ],
  ['RSA one bit too long', { ...rsaJwk, n: base64url((1n << BigInt(rsaModulusMaxBits)) + 1n) }, /bits/],
  ['RSA with exponent 1', { ...rsaJwk, e: 'AQ' }, /exponent/],
  ['RSA with an even exponent', { ...rsaJwk, e: 'AQAC' }, /exponent/],
  [
    'RSA with an exponent one bit too long',
    { ...rsaJwk, e: base64url((1n << BigInt(rsaExponentMaxBits)) + 1n) },
    /exponent/,
  ],
  ['RSA with an even modulus', { ...rsaJwk, n: base64url(modulus - 1n) }, /even/],
  ['RSA of the ROCA generator', { ...rsaJwk, n: base64url(rocaModulus()) }, /ROCA/],
  ['a JWK with a private key', rsa.privateKey.export({ format: 'jwk' }) as Jwk, /private/],
  ['a symmetric JWK', { kty: 'oct', k: 'AAAA' }, /asymmetric/],
  ['a JWK for encryption', { ...rsaJwk, use: 'enc' }, /use is not sig/],
  ['a JWK whose key_ops cannot verify', { ...rsaJwk, key_ops: ['encrypt'] }, /key_ops/],
  ['a JWK whose alg is of another type', { ...rsaJwk, alg: 'ES256' }, /alg/],
  ['a JWK whose alg is none', { ...rsaJwk, alg: 'none' }, /alg/],
  ['a JWK of the type __proto__', { ...rsaJwk, kty: '__proto__' }, /type/],
  ['a JWK without a member', { kty: 'RSA', e: 'AQAB' }, /member n/],
  ['a JWK with stray characters', { ...rsaJwk, e: 'AQ AB' }, /base64url/],
  ['a JWK with a long kid', { ...rsaJwk, kid: 'k'.repeat(kidMaxBytes + 1) }, /kid/],
  [
    'a point off the curve',
    { ...(ec.publicKey.export({ format: 'jwk' }) as Jwk), y: 'A'.repeat(43) },
    /usable/,
  ],
]

for (const [what, source, problem] of publicKeys) {
  test(`refuses ${what} as a verification key`, () => {
    assert.throws(() => importVerificationKey(source, { path }), refusesError(problem))
  })
}

test('takes RSA at both limits of length', () => {
  for (const bits of [rsaModulusMinBits, rsaModulusMaxBits]) {
    const n = base64url((1n << BigInt(bits - 1)) + 1n)
    assert.equal(importVerificationKey({ ...rsaJwk, n }, { path }).algorithms.length, 6)
  }
})

test('takes RSA with exponents at both limits', () => {
  for (const exponent of [3n, (1n << BigInt(rsaExponentMaxBits)) - 1n]) {
    assert.ok(importVerificationKey({ ...rsaJwk, e: base64url(exponent) }, { path }))
  }
})

test('tolerates padding and one zero byte before an RSA integer, as published sets have them', () => {
  const bytes = Buffer.from(String(rsaJwk['n']), 'base64url')
  const n = Buffer.concat([Buffer.of(0), bytes]).toString('base64url')
  const key = importVerificationKey({ ...rsaJwk, n: `${n}==`, e: 'AQAB=' }, { path })
  assert.ok(key.keyObject.equals(rsa.publicKey))
})

test('reads the same public key from SPKI, PKCS#1, JWK and KeyObject', () => {
  const pkcs1 = rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }).toString()
  for (const source of [spki, pkcs1, `Subject: a key\n${spki}`, rsaJwk, rsa.publicKey]) {
    assert.ok(importVerificationKey(source, { path }).keyObject.equals(rsa.publicKey))
  }
})

test('binds a key to the algorithm that the configuration or the JWK names', () => {
  assert.deepEqual(importVerificationKey(spki, { path, algorithm: 'PS256' }).algorithms, ['PS256'])
  assert.deepEqual(importVerificationKey({ ...rsaJwk, alg: 'RS512' }, { path }).algorithms, ['RS512'])
  assert.throws(
    () => importVerificationKey(spki, { path, algorithm: 'ES256' }),
    refusesError(/does not fit ES256/),
  )
  assert.throws(
    () => importVerificationKey(spki, { path, algorithm: 'HS256' }),
    refusesError(/does not fit HS256/),
  )
})

const der = rsa.publicKey.export({ format: 'der', type: 'spki' })
const keysAsSecrets: readonly (readonly [string, string | Uint8Array])[] = [
  ['a PEM public key', spki],
  ['a PEM public key after whitespace', `\r\n\t ${spki}`],
  ['a PEM public key after a BOM', `\uFEFF${spki}`],
  ['a PEM public key with CRLF', spki.replaceAll('\n', '\r\n')],
  ['a PEM public key without its end', spki.slice(0, 200)],
  ['a PEM private key', rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()],
  ['a JWK', JSON.stringify(rsaJwk)],
  ['a JWK after a BOM', `\uFEFF ${JSON.stringify(rsaJwk)}`],
  ['a JWK Set', JSON.stringify({ keys: [rsaJwk] })],
  ['DER', der],
  ['PKCS#1 DER', rsa.publicKey.export({ format: 'der', type: 'pkcs1' })],
  ['base64 of DER', der.toString('base64')],
  ['base64url of DER', der.toString('base64url')],
  ['base64 of PEM', Buffer.from(spki).toString('base64')],
  [
    'base64 of a private key in DER',
    rsa.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  ],
  ['an SSH key', `ssh-rsa ${der.toString('base64')}`],
]

for (const [what, source] of keysAsSecrets) {
  test(`refuses ${what} as a shared secret, weak ones allowed or not`, () => {
    for (const allowWeak of [false, true]) {
      assert.throws(() => importSecret(source, { path, allowWeak }), refusesError(/not a shared secret/))
    }
  })
}

test('a secret must be as long as the hash of its algorithm', () => {
  assert.throws(
    () => importSecret(randomBytes(31), { path }),
    refusesError(/31 bytes: HS256 needs at least 32/),
  )
  assert.deepEqual(importSecret(randomBytes(32), { path }).algorithms, ['HS256'])
  assert.deepEqual(importSecret(randomBytes(48), { path }).algorithms, ['HS256', 'HS384'])
  assert.deepEqual(importSecret(randomBytes(64), { path }).algorithms, ['HS256', 'HS384', 'HS512'])
  assert.throws(
    () => importSecret(randomBytes(63), { path, algorithm: 'HS512' }),
    refusesError(/needs at least 64/),
  )
  assert.throws(() => importSecret('', { path, allowWeak: true }), refusesError(/empty/))
  assert.deepEqual(importSecret('short', { path, allowWeak: true }).algorithms, ['HS256', 'HS384', 'HS512'])
})

test('refuses publicly known secrets, unless weak ones are allowed', () => {
  const known = 'your-256-bit-secret-your-256-bit-secret'
  for (const secret of ['abcdefghijklmnopqrstuvwxyz1234567890', '12345678901234567890123456789012']) {
    assert.throws(() => importSecret(new Secret(secret), { path }), refusesError(/public lists/), secret)
    assert.ok(importSecret(secret, { path, allowWeak: true }))
  }
  assert.ok(importSecret(`${known}-that-nobody-lists`, { path }))
})

test('signs with PKCS#8, PKCS#1, SEC1 and encrypted keys', async () => {
  const rsaPem = (type: 'pkcs1' | 'pkcs8') => rsa.privateKey.export({ format: 'pem', type }).toString()
  const encrypted = rsa.privateKey
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'right' })
    .toString()
  const cases = [
    ['RS256', rsaPem('pkcs1'), undefined],
    ['PS384', rsaPem('pkcs8'), undefined],
    ['RS256', encrypted, 'right'],
    ['ES256', ec.privateKey.export({ format: 'pem', type: 'sec1' }).toString(), undefined],
  ] as const
  for (const [algorithm, pem, password] of cases) {
    const key = importSigningKey(pem, { path, algorithm, kid: 'k', ...(password && { password }) })
    const parsed = parseJws(await signJws({}, 'x', key))
    assert.ok(parsed.ok && verifyJws(parsed.value, importVerificationKey(key.publicKey!, { path })).ok)
    assert.equal(parsed.value.header.kid, 'k')
  }
  for (const password of [undefined, 'wrong']) {
    const options = { path, algorithm: 'RS256', ...(password && { password }) } as const
    assert.throws(() => importSigningKey(encrypted, options), refusesError(/needs a PEM private key/))
  }
  assert.throws(
    () => importSigningKey(rsa.publicKey, { path, algorithm: 'RS256' }),
    refusesError(/found a public/),
  )
  assert.throws(
    () => importSigningKey(rsa.privateKey, { path, algorithm: 'ES256' }),
    refusesError(/not fit ES256/),
  )
  assert.throws(
    () => importSigningKey(rsa.privateKey, { path, algorithm: 'HS256' }),
    refusesError(/shared secret/),
  )
})

test('publishes the public half only, under its name and algorithm', () => {
  const jwk = publicJwk(importSigningKey(rsa.privateKey, { path, algorithm: 'PS256', kid: 'one' }))
  assert.deepEqual(Object.keys(jwk).toSorted(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
  assert.ok(createPublicKey({ key: jwk, format: 'jwk' }).equals(rsa.publicKey))
  const keys = readKeys({ keys: [jwk] }, 'test')
  assert.ok(keys.ok && keys.value[0]?.kid === 'one')
  const secret = importSecret(randomBytes(32), { path })
  assert.throws(() => publicJwk(secret), TypeError)
})

test('computes the thumbprint of RFC 7638 §3.1', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj' +
    'hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ' +
    'vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK' +
    'nqDKgw'
  const jwk = { kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' }
  assert.equal(thumbprint(jwk), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
})
