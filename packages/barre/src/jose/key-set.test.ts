import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { ConfigError } from '../core/index.ts'
import { importVerificationKey } from './import-key.ts'
import { keySetMaxKeys, localKeySet, readKeys, selectKey, singleKey } from './key-set.ts'
import type { Log } from '../core/index.ts'
import type { Jwk } from './jwk.ts'

const jwk = (more: object): Jwk => ({
  ...(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }) as Jwk),
  ...more,
})
const one = jwk({ kid: 'one' })
const two = jwk({ kid: 'two' })
const rsa = {
  ...(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }) as Jwk),
  alg: 'RS256',
}

const header = (alg: string, kid?: string) => ({ alg, ...(kid !== undefined && { kid }) })

const choices: readonly (readonly [string, readonly Jwk[], ReturnType<typeof header>, string | undefined])[] =
  [
    ['the key of the kid', [one, two], header('ES256', 'two'), 'two'],
    ['the only key of the algorithm when there is no kid', [one, rsa], header('ES256'), 'one'],
    ['no key when there is no kid and two fit', [one, two], header('ES256'), undefined],
    ['no key of an unknown kid', [one, two], header('ES256', 'three'), undefined],
    ['no key without a kid for a token with one', [rsa], header('RS256', 'one'), undefined],
    ['no key for an algorithm that it does not take', [one], header('ES384', 'one'), undefined],
    ['no key for another algorithm of its type', [rsa], header('PS256'), undefined],
    ['no key for HS256', [one, rsa], header('HS256'), undefined],
    ['no key for none', [one, rsa], header('none'), undefined],
    ['no key for an algorithm in other letters', [rsa], header('rs256'), undefined],
    ['no key for __proto__', [one], header('__proto__', '__proto__'), undefined],
    ['no key when two have the kid', [one, jwk({ kid: 'one' })], header('ES256', 'one'), undefined],
    [
      'the fitting key when keys of two types share a kid',
      [one, { ...rsa, kid: 'one' }],
      header('ES256', 'one'),
      'one',
    ],
  ]

for (const [what, members, wanted, kid] of choices) {
  test(`chooses ${what}`, () => {
    const keys = readKeys({ keys: members }, 'test')
    assert.ok(keys.ok)
    const found = selectKey(keys.value, wanted)
    if (kid === undefined) assert.equal(!found.ok && found.denial.code, 'invalid')
    else assert.equal(found.ok && found.value.kid, kid)
  })
}

test('skips unusable keys with an event, and keeps the rest', () => {
  const events: object[] = []
  const log = { warn: (fields: object) => events.push(fields) } as unknown as Log
  const keys = readKeys(
    { keys: [jwk({ use: 'enc' }), one, null, 7, { kty: 'oct', k: 'AA' }] },
    'the set',
    log,
  )
  assert.ok(keys.ok)
  assert.deepEqual(
    keys.value.map((key) => key.kid),
    ['one'],
  )
  assert.deepEqual(
    events.map((event) => (event as { index: number }).index),
    [0, 2, 3, 4],
  )
})

const many = (length: number) => ({ keys: Array.from({ length }, () => one) })

test('a set holds at most so many keys', () => {
  assert.ok(readKeys(many(keySetMaxKeys), 'test').ok)
  const refused = readKeys(many(keySetMaxKeys + 1), 'test')
  assert.equal(!refused.ok && refused.denial.code, 'unavailable')
})

test('refuses at start a local set that cannot verify anything', () => {
  for (const set of [{}, [], { keys: {} }, { keys: [] }, { keys: [jwk({ use: 'enc' })] }]) {
    assert.throws(
      () => localKeySet(set, 'at'),
      (error) => error instanceof ConfigError && error.path === 'at',
    )
  }
})

test('a single key serves any kid unless it has one of its own', async () => {
  const anonymous = singleKey(importVerificationKey(jwk({}), { path: 'key' }))
  const named = singleKey(importVerificationKey(one, { path: 'key' }))
  assert.ok((await anonymous.find(header('ES256', 'whatever'))).ok)
  assert.ok((await named.find(header('ES256'))).ok)
  assert.ok((await named.find(header('ES256', 'one'))).ok)
  const refused = await named.find(header('ES256', 'two'))
  assert.equal(!refused.ok && refused.denial.code, 'invalid')
})
