import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { fakeServices } from '../../test/fake-services.ts'
import { ConfigError } from '../core/index.ts'
import { importSecret, importSigningKey } from './import-key.ts'
import { createIssuer } from './issuer.ts'
import { createKeyRing, ringMaxKeys } from './key-ring.ts'
import { createValidator } from './validator.ts'
import type { Jwks } from './jwk.ts'
import type { SigningKey } from './key.ts'

const config = { jwksMaxAgeSeconds: 300, tokenMaxLifetimeSeconds: 3600, clockSkewSeconds: 60 }
const startMs = Date.UTC(2030, 0)

function newKey(kid: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  return importSigningKey(privateKey, { path: 'key', algorithm: 'EdDSA', kid })
}

test('a key is published before it signs, and stays published until its last token has expired', () => {
  let nowMs = startMs
  const ring = createKeyRing(newKey('one'), config, { now: () => nowMs })
  const kids = () =>
    ring
      .jwks()
      .keys.map(({ kid }) => kid)
      .join(' ')
  const timeline: readonly (readonly [number, string, string])[] = [
    [0, 'one', 'one two'],
    [359, 'one', 'one two'],
    [360, 'two', 'one two'],
    [360 + 3659, 'two', 'one two'],
    [360 + 3660, 'two', 'two'],
    [1e9, 'two', 'two'],
  ]
  assert.equal(kids(), 'one')
  assert.equal(ring.add(newKey('two')).signsFromMs, startMs + 360_000)
  for (const [seconds, signs, published] of timeline) {
    nowMs = startMs + seconds * 1000
    assert.equal(ring.signer().kid, signs)
    assert.equal(kids(), published)
  }
  assert.equal(ring.cacheControl, 'public, max-age=300')
})

test('through two rotations, every token verifies with a key set as old as it may be', async () => {
  let nowMs = startMs
  const ring = createKeyRing(newKey('one'), config, { now: () => nowMs })
  const services = fakeServices(() => nowMs)
  const issuer = createIssuer(
    { issuer: 'sts', audience: 'orders', expTime: 3600, signatureConfig: { config: ring } },
    services,
    'issuer',
  )
  const sets: Jwks[] = []
  const tokens: (readonly [number, string])[] = []
  const stepSeconds = 150
  for (let step = 0; step < 60; step++) {
    nowMs = startMs + step * stepSeconds * 1000
    if (step === 2 || step === 8) ring.add(newKey(`new at ${step}`))
    sets.push(ring.jwks())
    tokens.push([step, await issuer.issue()])
    // The oldest set that a cache may hold now.
    const jwks = sets[Math.max(0, step - config.jwksMaxAgeSeconds / stepSeconds)]
    assert.ok(jwks)
    const check = { issuer: 'sts', audience: 'orders', signatureConfig: { jwksConfig: { jwks } } }
    const validator = createValidator(check, services, 'validator')
    for (const [issued, token] of tokens) {
      const result = await validator.validate(token)
      assert.equal(result.ok, (step - issued) * stepSeconds < 3600 + 10)
    }
    await validator.close()
  }
  assert.equal(ring.keys().length, 1)
})

test('a second process goes on with the keys of the first', () => {
  let nowMs = startMs
  const ring = createKeyRing(newKey('one'), config, { now: () => nowMs })
  ring.add(newKey('two'))
  const other = createKeyRing(ring.keys(), config, { now: () => nowMs })
  nowMs += 360_000
  assert.equal(other.signer().kid, 'two')
  assert.deepEqual(other.jwks(), ring.jwks())
  nowMs = startMs - 1
  assert.equal(other.signer().kid, 'one')
})

test('a ring is full at its limit, and takes no key that cannot be told apart or published', () => {
  const ring = createKeyRing(newKey('0'), config, { now: () => startMs })
  for (let index = 1; index < ringMaxKeys; index++) ring.add(newKey(String(index)))
  assert.throws(() => ring.add(newKey('more')), RangeError)
  const path = 'key'
  const secret = importSigningKey('s'.repeat(40), { path, algorithm: 'HS256', kid: 'mac' })
  assert.ok(importSecret('s'.repeat(40), { path }))
  const unnamed = importSigningKey(generateKeyPairSync('ed25519').privateKey, { path, algorithm: 'EdDSA' })
  for (const wrong of [secret, unnamed, []]) {
    assert.throws(() => createKeyRing(wrong, config, { now: () => startMs }), ConfigError)
  }
  const small = createKeyRing(newKey('0'), config, { now: () => startMs })
  assert.throws(() => small.add(newKey('0')), ConfigError)
  const negative = { ...config, jwksMaxAgeSeconds: -1000 }
  assert.throws(() => createKeyRing(newKey('0'), negative, { now: () => startMs }), ConfigError)
})
