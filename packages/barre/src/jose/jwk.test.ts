import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as jose from 'jose'
import { sharedTest } from '../../../../tools/shared.ts'
import { ConfigError } from '../core/index.ts'
import { encodeBase64url } from './base64url.ts'
import { importSigningJwk, importVerificationJwk, importVerificationSet } from './import-jwk.ts'
import { importDecryptionKey } from './jwe/import-key.ts'
import { thumbprint, thumbprintUri } from './jwk.ts'
import { keySetMaxKeys } from './key-set.ts'
import { parseJws, signJws, verifyJws } from './jws.ts'
import { jwkToPrivateKey } from './private-jwk.ts'
import type { KeyObject } from 'node:crypto'
import type { Jwk, ThumbprintHash } from './jwk.ts'
import type { JwsAlgorithm } from './jws-algorithms.ts'

const path = 'key'
const toJwk = (key: KeyObject) => key.export({ format: 'jwk' }) as Jwk
const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
  'ML-DSA-44': generateKeyPairSync('ml-dsa-44'),
}
const octet = { kty: 'oct', k: encodeBase64url(randomBytes(32)) }

for (const hash of ['sha-256', 'sha-384', 'sha-512'] as const satisfies readonly ThumbprintHash[]) {
  test(`thumbprints with ${hash} are those of jose, for every type of key`, async () => {
    const name = hash.replace('-', '') as 'sha256'
    const keys = [octet, ...Object.values(pairs).map(({ privateKey }) => toJwk(privateKey))]
    for (const jwk of keys) {
      assert.equal(thumbprint(jwk, hash), await jose.calculateJwkThumbprint(jwk as jose.JWK, name))
      assert.equal(thumbprintUri(jwk, hash), await jose.calculateJwkThumbprintUri(jwk as jose.JWK, name))
    }
  })
}

test('the thumbprint of an Ed25519 key is that of RFC 8037 A.3', () => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  assert.equal(thumbprint(jwk), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

test('a JWK that lacks a member, or is of an unknown type, has no thumbprint', () => {
  for (const jwk of [{ kty: 'EC', crv: 'P-256', x: 'AA' }, { kty: 'toString' }, { kty: 'oct' }]) {
    assert.throws(() => thumbprint(jwk), TypeError)
  }
})

for (const [algorithm, { privateKey, publicKey }] of Object.entries(pairs)) {
  test(`${algorithm}: a private JWK signs, and it or its public half verifies`, async () => {
    const signing = importSigningJwk(
      { ...toJwk(privateKey), kid: 'one' },
      { path, algorithm: algorithm as JwsAlgorithm },
    )
    const parsed = parseJws(await signJws({}, 'hi', signing))
    assert.ok(parsed.ok)
    assert.equal(parsed.value.header.kid, 'one')
    for (const key of [privateKey, publicKey]) {
      assert.ok(verifyJws(parsed.value, importVerificationJwk(toJwk(key), { path })).ok)
    }
  })
}

test('a private key whose halves do not belong together is refused', () => {
  for (const type of ['ed25519', 'x25519'] as const) {
    const generate = () => toJwk(generateKeyPairSync(type as 'ed25519').privateKey)
    assert.equal(typeof jwkToPrivateKey({ ...generate(), x: generate()['x'] }), 'string')
  }
  const [one, other] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  assert.ok(one && other)
  assert.equal(typeof jwkToPrivateKey({ ...toJwk(one), d: toJwk(other)['d'] }), 'string')
})

const es256 = toJwk(pairs.ES256.privateKey)

test('a JWK that cannot sign or verify is a ConfigError', () => {
  const cases: readonly (readonly [Jwk, JwsAlgorithm | undefined, RegExp])[] = [
    [es256, undefined, /name the algorithm/],
    [es256, 'ES384', /does not fit ES384/],
    [{ ...es256, alg: 'ES256' }, 'RS256', /the JWK is for ES256/],
    [{ ...es256, alg: 'ECDH-ES' }, undefined, /not one that signs/],
    [{ ...es256, use: 'enc' }, 'ES256', /use is not sig/],
    [{ ...es256, key_ops: ['verify'] }, 'ES256', /key_ops do not include sign/],
    [{ ...es256, kid: 'a\0' }, 'ES256', /kid/],
    [{ ...es256, d: 'AA=' }, 'ES256', /member d/],
    [toJwk(pairs.ES256.publicKey), 'ES256', /member d/],
    [{ ...toJwk(pairs.RS256.privateKey), oth: [] }, 'RS256', /two primes/],
    [{ ...octet, k: 'AAAA' }, 'HS256', /needs at least 32/],
    [{ ...octet, k: 'A' }, 'HS256', /base64url/],
  ]
  for (const [jwk, algorithm, message] of cases) {
    assert.throws(
      () => importSigningJwk(jwk, { path, ...(algorithm && { algorithm }) }),
      (error: Error) => {
        assert.match(error.message, message)
        return error instanceof ConfigError
      },
    )
  }
  for (const jwk of [
    { kty: 'oct', k: 'AAAA' },
    { ...octet, use: 'enc' },
    { ...es256, alg: 'none' },
    { ...es256, kty: Object.create(null) as string },
  ]) {
    assert.throws(() => importVerificationJwk(jwk, { path }), ConfigError)
  }
})

test("a set of one's own leaves out other keys, and is refused where a key could be taken for another", () => {
  const verifying = { ...toJwk(pairs.ES256.publicKey), kid: 'one' }
  const other = { ...toJwk(generateKeyPairSync('x25519').publicKey), kid: 'two' }
  assert.equal(importVerificationSet({ keys: [verifying, other] }, { path }).length, 1)
  const crowd = (size: number) => ({
    keys: Array.from({ length: size }, () => ({ ...verifying, kid: undefined })),
  })
  assert.equal(
    importVerificationSet(JSON.parse(JSON.stringify(crowd(keySetMaxKeys))), { path }).length,
    keySetMaxKeys,
  )
  for (const set of [
    { keys: [verifying, octet] },
    { keys: [verifying, { ...verifying }] },
    { keys: [other] },
    { keys: [] },
    crowd(keySetMaxKeys + 1),
    [],
  ]) {
    assert.throws(() => importVerificationSet(set, { path }), ConfigError)
  }
})

sharedTest('RFC 7520 cookbook: every JWK is read', ['jose', 'cookbook', 'jwk'], (folder) => {
  for (const file of readdirSync(folder)) {
    const jwk = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Jwk
    if (jwk.use === 'enc') assert.ok(importDecryptionKey(jwk, { path }))
    else assert.ok(importVerificationJwk(jwk, { path }))
    if (!file.includes('private')) continue
    const algorithm = jwk.kty === 'EC' ? 'ES512' : 'RS256'
    assert.ok(importSigningJwk(jwk, { path, algorithm }))
  }
})
