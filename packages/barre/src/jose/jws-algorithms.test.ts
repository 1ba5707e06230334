import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as jose from 'jose'
import { importSecret, importSigningKey, importVerificationKey } from './import-key.ts'
import { jwsAlgorithmNames } from './jws-algorithms.ts'
import { parseJws, signJws, verifyJws } from './jws.ts'
import type { KeyObject } from 'node:crypto'
import type { JwsAlgorithm } from './jws-algorithms.ts'

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const rsa = (): Pair => generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = (namedCurve: string) => (): Pair => generateKeyPairSync('ec', { namedCurve })
const secret = randomBytes(64)

const pairs: Partial<Record<JwsAlgorithm, () => Pair>> = {
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: ec('P-256'),
  ES384: ec('P-384'),
  ES512: ec('P-521'),
  EdDSA: () => generateKeyPairSync('ed25519'),
  Ed25519: () => generateKeyPairSync('ed25519'),
  Ed448: () => generateKeyPairSync('ed448'),
  'ML-DSA-44': () => generateKeyPairSync('ml-dsa-44'),
  'ML-DSA-65': () => generateKeyPairSync('ml-dsa-65'),
  'ML-DSA-87': () => generateKeyPairSync('ml-dsa-87'),
}

/** The oracle has no Ed448: WebCrypto in Node leaves it out. */
const unknownToOracle: readonly JwsAlgorithm[] = ['Ed448']

function keysFor(algorithm: JwsAlgorithm) {
  const pair = pairs[algorithm]?.()
  const path = 'key'
  if (pair === undefined) {
    const source = secret.toString('base64')
    return {
      signing: importSigningKey(source, { path, algorithm }),
      verification: importSecret(source, { path, algorithm }),
      theirs: { privateKey: Buffer.from(source), publicKey: Buffer.from(source) },
    }
  }
  return {
    signing: importSigningKey(pair.privateKey, { path, algorithm }),
    verification: importVerificationKey(pair.publicKey, { path, algorithm }),
    theirs: pair,
  }
}

for (const algorithm of jwsAlgorithmNames) {
  const { signing, verification, theirs } = keysFor(algorithm)
  const oracle = { skip: unknownToOracle.includes(algorithm) && 'not known to the oracle' }

  test(`${algorithm}: what we sign, jose verifies`, oracle, async () => {
    const token = await signJws({ typ: 'JWT' }, '{"sub":"alice"}', signing)
    const { payload, protectedHeader } = await jose.compactVerify(token, theirs.publicKey)
    assert.equal(Buffer.from(payload).toString(), '{"sub":"alice"}')
    assert.deepEqual(protectedHeader, { alg: algorithm, typ: 'JWT' })
  })

  test(`${algorithm}: what jose signs, we verify`, oracle, async () => {
    const signer = new jose.CompactSign(Buffer.from('payload')).setProtectedHeader({ alg: algorithm })
    const parsed = parseJws(await signer.sign(theirs.privateKey))
    assert.ok(parsed.ok)
    assert.ok(verifyJws(parsed.value, verification).ok)
  })

  test(`${algorithm}: one changed bit, one byte more or less, or no signature at all is refused`, async () => {
    const parsed = parseJws(await signJws({}, 'payload', signing))
    assert.ok(parsed.ok)
    assert.ok(verifyJws(parsed.value, verification).ok)
    const { signature } = parsed.value
    const flipped = Buffer.from(signature)
    flipped[0]! ^= 1
    const wrong = [flipped, signature.subarray(1), Buffer.concat([signature, Buffer.of(0)]), Buffer.alloc(0)]
    for (const other of [...wrong, Buffer.alloc(signature.length)]) {
      const result = verifyJws({ ...parsed.value, signature: other }, verification)
      assert.equal(!result.ok && result.denial.code, 'invalid')
    }
  })
}

test('an algorithm fits only its own type of key and curve', () => {
  const fits: readonly (readonly [() => Pair, string])[] = [
    [rsa, 'RS256 RS384 RS512 PS256 PS384 PS512'],
    [
      () =>
        generateKeyPairSync('rsa-pss', {
          modulusLength: 2048,
          hashAlgorithm: 'sha256',
          mgf1HashAlgorithm: 'sha256',
        }),
      'PS256',
    ],
    [ec('P-256'), 'ES256'],
    [ec('P-384'), 'ES384'],
    [ec('P-521'), 'ES512'],
    [() => generateKeyPairSync('ed25519'), 'EdDSA Ed25519'],
    [() => generateKeyPairSync('ed448'), 'EdDSA Ed448'],
    [() => generateKeyPairSync('ml-dsa-65'), 'ML-DSA-65'],
  ]
  for (const [generate, algorithms] of fits) {
    const key = importVerificationKey(generate().publicKey, { path: 'key' })
    assert.equal(key.algorithms.join(' '), algorithms)
  }
})
