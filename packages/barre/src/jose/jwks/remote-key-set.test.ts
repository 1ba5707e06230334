import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { isPromise } from '../../core/index.ts'
import { find, header, keySetKit } from '../../../test/key-set-kit.ts'
import { failing, json, newJwk } from '../../../test/key-endpoint.ts'
import type { ServerResponse } from 'node:http'
import type { RemoteJwksConfig } from './remote-key-set.ts'
import type { KeySetKit } from '../../../test/key-set-kit.ts'

const minute = 60_000
let kit: KeySetKit

beforeEach(async () => {
  kit = await keySetKit()
})

afterEach(() => kit.close())

test('fetches at once, and the first call waits for that fetch', async () => {
  const set = kit.make()
  assert.equal(set.ready(), false)
  assert.equal(await find(set, 'one'), 'key one')
  assert.deepEqual([set.ready(), kit.endpoint.requests], [true, 1])
})

test('answers without a promise once the keys are there', async () => {
  const set = await kit.started()
  assert.equal(isPromise(set.find(header('one'))), false)
})

test('a thousand first calls share one request', async () => {
  const set = kit.make()
  const found = await Promise.all(Array.from({ length: 1000 }, () => find(set, 'one')))
  assert.deepEqual([new Set(found), kit.endpoint.requests], [new Set(['key one']), 1])
})

const selections: [
  claim: string,
  keys: () => unknown[],
  kid: string | undefined,
  alg: string,
  found: string,
][] = [
  ['compares the kid exactly', () => [newJwk('one')], 'One', 'ES256', 'invalid'],
  ['a path as kid is a name like any other', () => [newJwk('one')], '../../one', 'ES256', 'invalid'],
  ['__proto__ as kid is a name like any other', () => [newJwk('one')], '__proto__', 'ES256', 'invalid'],
  ['refuses an algorithm that the named key is not for', () => [newJwk('one')], 'one', 'ES384', 'invalid'],
  ['never verifies HS256 with a public key', () => [newJwk('one')], 'one', 'HS256', 'invalid'],
  ['takes the only key that fits a token without kid', () => [newJwk('one')], undefined, 'ES256', 'key one'],
  [
    'refuses a token without kid when two keys fit',
    () => [newJwk('a'), newJwk('b')],
    undefined,
    'ES256',
    'invalid',
  ],
  ['does not take a key without kid for a token that names one', () => [newJwk()], 'one', 'ES256', 'invalid'],
  [
    'use enc never verifies',
    () => [{ ...newJwk('enc'), use: 'enc' }, newJwk('one')],
    'enc',
    'ES256',
    'invalid',
  ],
  [
    'a published secret never verifies',
    () => [{ kty: 'oct', k: 'A'.repeat(64), kid: 's' }, newJwk('one')],
    's',
    'HS256',
    'invalid',
  ],
  [
    'a published private key never verifies',
    () => [{ ...newJwk('p'), d: 'AAAA' }, newJwk('one')],
    'p',
    'ES256',
    'invalid',
  ],
]

for (const [claim, keys, kid, alg, found] of selections) {
  test(claim, async () => {
    kit.endpoint.respond = json({ keys: keys() })
    assert.equal(await find(await kit.started(), kid, alg), found)
  })
}

test('an unusable key is skipped with an event, not a failure of the set', async () => {
  kit.endpoint.respond = json({ keys: [{ kty: 'unheard of', kid: 'odd' }, null, newJwk('one')] })
  const set = await kit.started()
  assert.equal(await find(set, 'one'), 'key one')
  assert.equal(kit.warnings.length, 2)
  await kit.runPlanned()
  assert.equal(kit.warnings.length, 2, 'the same set is not reported again')
})

test('retries back off from one second to five minutes', async () => {
  kit.endpoint.respond = failing
  const set = await kit.started()
  const delays = [kit.time.delays[0]]
  for (let retry = 0; retry < 11; retry++) {
    await kit.runPlanned()
    delays.push(kit.time.delays[0])
  }
  assert.deepEqual(
    delays,
    [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000, 300_000],
  )
  assert.equal(kit.endpoint.requests, 12)
  const refused = await set.find(header('one'))
  assert.equal(refused.ok ? undefined : refused.denial.retryAfterSeconds, 300)
  assert.equal(kit.endpoint.requests, 12, 'calls during an outage do not hammer the endpoint')
})

test('refreshes in the background before the set is due', async () => {
  const set = await kit.started()
  assert.deepEqual(kit.time.delays, [10 * minute])
  kit.endpoint.respond = json({ keys: [newJwk('two')] })
  await kit.runPlanned()
  assert.deepEqual([await find(set, 'two'), kit.endpoint.requests], ['key two', 2])
})

test('an unknown kid causes one fetch, once per thirty seconds', async () => {
  const set = await kit.started()
  assert.equal(await find(set, 'two'), 'invalid')
  assert.equal(kit.endpoint.requests, 1, 'not within thirty seconds of the first fetch')
  kit.time.sleep(30_000)
  const flood = await Promise.all(Array.from({ length: 1000 }, (_, index) => find(set, `random-${index}`)))
  assert.deepEqual([new Set(flood), kit.endpoint.requests], [new Set(['invalid']), 2])
  kit.time.sleep(29_999)
  assert.equal(await find(set, 'random'), 'invalid')
  assert.equal(kit.endpoint.requests, 2)
  kit.endpoint.respond = json({ keys: [newJwk('two')] })
  kit.time.sleep(1)
  assert.deepEqual([await find(set, 'two'), kit.endpoint.requests], ['key two', 3])
})

test('the cooldown holds after failures too, and the verdict is then unavailable', async () => {
  const set = await kit.started()
  kit.endpoint.respond = failing
  kit.time.sleep(30_000)
  assert.deepEqual([await find(set, 'two'), kit.endpoint.requests], ['unavailable', 2])
  kit.time.sleep(29_999)
  assert.deepEqual([await find(set, 'two'), kit.endpoint.requests], ['unavailable', 2])
  kit.time.sleep(1)
  assert.deepEqual([await find(set, 'two'), kit.endpoint.requests], ['unavailable', 3])
})

test('a token that names a known key does not wait for an exchange under way', async () => {
  const set = await kit.started()
  const held = new Promise<ServerResponse>((resolve) => {
    kit.endpoint.respond = resolve
  })
  kit.time.sleep(30_000)
  const waiting = find(set, 'two')
  const response = await held
  assert.equal(isPromise(set.find(header('one'))), false)
  json({ keys: [newJwk('two')] })(response)
  assert.equal(await waiting, 'key two')
  assert.equal(await find(set, 'one'), 'invalid', 'keys swapped while the answer was on its way')
})

test('keys outlive a failing endpoint by two hours, not a millisecond more', async () => {
  const set = await kit.started()
  kit.endpoint.respond = failing
  await kit.runPlanned()
  kit.time.sleep(110 * minute - 1)
  assert.deepEqual([set.ready(), await find(set, 'one')], [true, 'key one'])
  kit.time.sleep(1)
  assert.deepEqual([set.ready(), await find(set, 'one')], [false, 'unavailable'])
})

test('after a suspension past the hour the first call fetches, and uses old keys only when that fails', async () => {
  const set = await kit.started()
  kit.time.sleep(60 * minute)
  kit.endpoint.respond = json({ keys: [newJwk('two')] })
  assert.deepEqual([await find(set, 'one'), await find(set, 'two')], ['invalid', 'key two'])
  kit.time.sleep(60 * minute)
  kit.endpoint.respond = failing
  assert.deepEqual([await find(set, 'two'), kit.endpoint.requests], ['key two', 3])
})

test('a late timer makes a call refresh without waiting', async () => {
  const set = await kit.started()
  kit.time.sleep(11 * minute)
  const done = kit.planned()
  assert.equal(isPromise(set.find(header('one'))), false)
  await done
  assert.equal(kit.endpoint.requests, 2)
})

test('holds a key as long as it is in the set and the set may be relied on', async () => {
  const first = { keys: [newJwk('one')] }
  kit.endpoint.respond = json(first)
  const set = await kit.started()
  const found = await set.find(header('one'))
  assert.ok(found.ok)
  assert.equal(set.holds(found.value), true)
  await kit.runPlanned()
  assert.equal(set.holds(found.value), true, 'the same set again')
  kit.time.sleep(60 * minute)
  assert.equal(set.holds(found.value), false, 'past the hard end')
  kit.endpoint.respond = json({ keys: [newJwk('one')] })
  await find(set, 'one')
  assert.equal(set.holds(found.value), false, 'another key of the same name')
})

test('two sets of one URL share nothing', async () => {
  const [first, second] = [await kit.started(), await kit.started()]
  const [a, b] = [await first.find(header('one')), await second.find(header('one'))]
  assert.ok(a.ok && b.ok)
  assert.deepEqual([first.holds(b.value), second.holds(a.value), kit.endpoint.requests], [false, false, 2])
})

test('close, once or more, ends the timer and an exchange under way, and then refuses as unavailable', async () => {
  const idle = await kit.started()
  await Promise.all([idle.close(), idle.close()])
  await idle.close()
  assert.deepEqual(kit.time.delays, [])
  kit.endpoint.respond = () => {}
  const busy = kit.make()
  const waiting = find(busy, 'one')
  await busy.close()
  assert.equal(await waiting, 'unavailable')
  assert.deepEqual(kit.time.delays, [])
})

const configs: [claim: string, config: Partial<RemoteJwksConfig>, path: string][] = [
  ['plain http off loopback', { url: 'http://issuer.example/jwks' }, 'jwksConfig.url'],
  ['a relative URL', { url: '/jwks' }, 'jwksConfig.url'],
  ['a file', { url: 'file:///etc/passwd' }, 'jwksConfig.url'],
]

for (const [claim, config, path] of configs) {
  test(`does not start with ${claim}`, () => {
    assert.throws(() => kit.make(config), { name: 'ConfigError', path })
  })
}
