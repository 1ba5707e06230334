import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { countListeners, fakeServices } from '../../test/fake-services.ts'
import { acceptFrozen, freezeData, ok, toPrincipal } from '../core/index.ts'
import { importVerificationKey } from './import-key.ts'
import { parseJsonObject } from './json.ts'
import { createTokenCache, digestOf, tokenCacheMaxBytes } from './token-cache.ts'
import type { Principal, Revocation, Services } from '../core/index.ts'
import type { CacheConfig } from './cache-config.ts'
import type { Payload } from './claims.ts'
import type { VerificationKey } from './key.ts'
import type { TokenCache } from './token-cache.ts'

const start = 1_800_000_000
const { publicKey } = generateKeyPairSync('ed25519')
const key = importVerificationKey(publicKey, { path: 'test' })

let nowMs: number
let held: Set<VerificationKey>
let services: Services

beforeEach(() => {
  nowMs = start * 1000
  held = new Set([key])
  services = fakeServices(() => nowMs)
})

function make(config: CacheConfig = {}): TokenCache<Payload> {
  const keys = { find: () => ok(key), holds: (one: VerificationKey) => held.has(one) }
  return createTokenCache(config, keys, services)
}

function payload(claims: Payload = {}): Payload {
  return freezeData({ iss: 'issuer', sub: 'alice', jti: 'one', exp: start + 60, ...claims }) as Payload
}

test('answers with the very outcome of the full check', () => {
  const cache = make()
  const verified = ok(payload())
  cache.put(digestOf('token'), payload(), key, verified)
  assert.equal(cache.get(digestOf('token')), verified)
})

const neighbours = ['Token', 'token ', ' token', 'token=', 'tokem', '', 'tok\u{0}en', 'token\u{d800}']

for (const other of neighbours) {
  test(`does not take ${JSON.stringify(other)} for another token`, () => {
    const cache = make()
    cache.put(digestOf('token'), payload(), key, ok(payload()))
    assert.equal(cache.get(digestOf(other)), undefined)
  })
}

const doubts: [claim: string, claims: Payload, config: CacheConfig, happen: () => void][] = [
  ['the token expires, without any clock skew', {}, {}, () => (nowMs += 60_000)],
  ['the clock is set back', {}, {}, () => (nowMs -= 1)],
  ['the key leaves the set', {}, {}, () => held.clear()],
  ['the entry reaches defaultMaxAge', {}, { defaultMaxAge: 5 }, () => (nowMs += 5000)],
  ['the token had expired within the clock skew', { exp: start }, {}, () => {}],
]

for (const [claim, claims, config, happen] of doubts) {
  test(`leaves the decision to the full check when ${claim}`, () => {
    const cache = make(config)
    cache.put(digestOf('token'), payload(claims), key, ok(payload(claims)))
    happen()
    assert.equal(cache.get(digestOf('token')), undefined)
  })
}

test('answers to the last millisecond before exp', () => {
  const cache = make()
  cache.put(digestOf('token'), payload(), key, ok(payload()))
  nowMs += 59_999
  assert.equal(cache.get(digestOf('token'))?.ok, true)
})

test('does not outlive the certificate of the key', () => {
  const cache = make()
  const certified = { ...key, validity: { fromMs: 0, toMs: nowMs + 1000 } }
  held.add(certified)
  cache.put(digestOf('token'), payload(), certified, ok(payload()))
  nowMs += 1000
  assert.equal(cache.get(digestOf('token')), undefined)
})

const revocations: [claim: string, revocation: Revocation, ends: boolean][] = [
  ['its id', { tokenId: 'one' }, true],
  ['its subject', { subject: 'alice' }, true],
  ['its issuer', { issuer: 'issuer' }, true],
  ['all of them', { issuer: 'issuer', subject: 'alice', tokenId: 'one' }, true],
  ['another id', { tokenId: 'two' }, false],
  ['its subject at another issuer', { issuer: 'other', subject: 'alice' }, false],
]

for (const [claim, revocation, ends] of revocations) {
  test(`a revocation of ${claim} ${ends ? 'refuses a known token' : 'changes nothing'}`, () => {
    const cache = make()
    cache.put(digestOf('token'), payload(), key, ok(payload()))
    services.revocations.revoke(revocation)
    const outcome = cache.get(digestOf('token'))
    assert.equal(outcome?.ok ? undefined : outcome?.denial.code, ends ? 'invalid' : undefined)
  })
}

test('a closed cache holds nothing and listens to nobody', () => {
  const counted = countListeners(services)
  services = counted.services
  const cache = make()
  cache.put(digestOf('token'), payload(), key, ok(payload()))
  assert.equal(counted.listeners(), 1)
  cache.close()
  assert.deepEqual([cache.get(digestOf('token')), counted.listeners()], [undefined, 0])
})

test('holds as many tokens as capacity says, and drops the least recently used', () => {
  const cache = make({ capacity: 2 })
  for (const token of ['a', 'b']) cache.put(digestOf(token), payload(), key, ok(payload()))
  cache.get(digestOf('a'))
  cache.put(digestOf('c'), payload(), key, ok(payload()))
  assert.deepEqual(
    ['a', 'b', 'c'].map((token) => cache.get(digestOf(token)) !== undefined),
    [true, false, true],
  )
})

const collectGarbage = exposeGarbageCollector()

const floods: [claim: string, tokens: number, claims: (index: number) => object][] = [
  ['ordinary', 100_000, (index) => ({ scope: 'add_order update_order', tenant: `tenant-${index}` })],
  ['large', 20_000, (index) => ({ note: String(index).repeat(400) })],
  [
    'made of many texts',
    20_000,
    (index) => ({ roles: Array.from({ length: 40 }, (_, role) => `${role}-${index}`) }),
  ],
  [
    'made of many small objects',
    20_000,
    (index) => ({ list: Array.from({ length: 10 }, () => ({ index })) }),
  ],
]

for (const [claim, tokens, claims] of floods) {
  test(`${tokens} tokens, ${claim}, stay within the bound of memory, principals included`, () => {
    const cache = make({ capacity: 1_000_000 })
    const principals = new WeakMap<Payload, Principal>()
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < tokens; index++) {
      const value = parsed({ ...payload(), jti: `token-${index}`, ...claims(index) })
      cache.put(digestOf(`token ${index}`), value, key, ok(value))
      principals.set(value, toPrincipal({ id: 'alice', username: 'alice', scheme: 'Bearer', claims: value }))
    }
    collectGarbage()
    const grownBytes = process.memoryUsage().heapUsed - before
    assert.ok(grownBytes < tokenCacheMaxBytes, `grew by ${grownBytes} bytes`)
    const last = cache.get(digestOf(`token ${tokens - 1}`))
    assert.ok(last?.ok && principals.has(last.value))
  })
}

/** Claims as they come from a token. */
function parsed(claims: object): Payload {
  const result = parseJsonObject(Buffer.from(JSON.stringify(claims)), 'the payload')
  assert.ok(result.ok)
  acceptFrozen(result.value)
  return result.value
}

function exposeGarbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
