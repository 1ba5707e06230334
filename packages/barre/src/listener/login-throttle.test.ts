import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import {
  allowPlainPasswords,
  ConfigError,
  createRevocations,
  createSharedInstances,
  Secret,
} from '../core/index.ts'
import type { Authenticated, Call, Provider, Result, Services } from '../core/index.ts'
import { redis, serverTest } from '../../../../tools/servers/index.ts'
import { fileUserStoreKind } from './file-user-store/file-user-store.ts'
import {
  attemptsMax,
  attemptsMaxAgeMs,
  createLoginThrottle,
  freeAttemptsDefault,
  maxWaitSecondsDefault,
  toAttemptKey,
} from './login-throttle.ts'
import type { AttemptLimiter } from './login-throttle.ts'

let nowMs = 1_000_000
const services: Services = {
  now: () => nowMs,
  random: randomBytes,
  fetchFor: () => fetch,
  credentialSource: () => ({ credential: () => ({ ok: false, denial: { code: 'missing', detail: '' } }) }),
  log: { debug() {}, info() {}, warn() {}, error() {} },
  revocations: createRevocations(),
  shared: createSharedInstances(),
}

function create(loginThrottle?: unknown): Provider {
  const config = {
    users: [
      { username: 'alice', password: 'xxx' },
      { username: 'bob', password: 'xxx' },
    ],
    [allowPlainPasswords]: true,
    ...(loginThrottle !== undefined && { loginThrottle }),
  }
  return fileUserStoreKind.create(fileUserStoreKind.shape.check(config, 'store'), services, 'store')
}

async function log(provider: Provider, username: string, password: string, address = '192.0.2.1') {
  const call: Call = {
    method: 'GET',
    target: '/',
    signal: AbortSignal.abort(),
    peer: { encrypted: true, address },
    metadata: () => [],
  }
  return provider.verify({ username, password: new Secret(password) }, call)
}

function outcome(result: Result<Authenticated>): string {
  return result.ok ? 'ok' : [result.denial.code, result.denial.retryAfterSeconds].join(' ').trim()
}

async function fail(provider: Provider, times: number, username = 'alice'): Promise<readonly string[]> {
  const outcomes: string[] = []
  for (let time = 0; time < times; time++)
    outcomes.push(outcome(await log(provider, username, `wrong ${time}`)))
  return outcomes
}

test('some wrong passwords cost no wait; each one beyond doubles it, up to the most', async () => {
  const provider = create()
  assert.deepEqual(new Set(await fail(provider, freeAttemptsDefault)), new Set(['invalid']))
  const waits: number[] = []
  for (let time = 0; time < 12; time++) {
    assert.equal(outcome(await log(provider, 'alice', 'wrong')), 'invalid')
    const denied = await log(provider, 'alice', 'xxx')
    assert.ok(!denied.ok && denied.denial.code === 'throttled')
    waits.push(denied.denial.retryAfterSeconds ?? 0)
    nowMs += 1_000 * (denied.denial.retryAfterSeconds ?? 0)
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, maxWaitSecondsDefault, 300, 300])
  assert.equal(outcome(await log(provider, 'alice', 'xxx')), 'ok')
})

test('a right password starts the count anew', async () => {
  const provider = create({ freeAttempts: 2 })
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(await fail(provider, 2), ['invalid', 'invalid'])
    assert.equal(outcome(await log(provider, 'alice', 'xxx')), 'ok')
  }
})

test('neither other users nor other addresses wait', async () => {
  const provider = create({ freeAttempts: 1 })
  assert.deepEqual(await fail(provider, 3), ['invalid', 'invalid', 'throttled 1'])
  assert.equal(outcome(await log(provider, 'bob', 'xxx')), 'ok')
  assert.equal(outcome(await log(provider, 'alice', 'xxx', '192.0.2.2')), 'ok')
})

test('users who are not there are counted alike', async () => {
  const provider = create({ freeAttempts: 1 })
  assert.deepEqual(await fail(provider, 3, 'nobody'), ['invalid', 'invalid', 'throttled 1'])
})

test('spellings that a directory takes for one name are one', () => {
  const keys = ['alice b', 'ALICE B', ' alice  b ', 'alice\u00a0b', 'ａlice b'].map((name) =>
    toAttemptKey(name),
  )
  assert.equal(new Set(keys).size, 1)
  assert.notEqual(toAttemptKey('a', 'b'), toAttemptKey('ab', ''))
})

test('guesses at the same time count at once', async () => {
  const provider = create({ freeAttempts: 3 })
  const guesses = Array.from({ length: 10 }, async (_, index) =>
    outcome(await log(provider, 'alice', `${index}`)),
  )
  const outcomes = await Promise.all(guesses)
  assert.deepEqual(outcomes.slice(0, 4), ['invalid', 'invalid', 'invalid', 'invalid'])
  assert.deepEqual(new Set(outcomes.slice(4)), new Set(['throttled 1']))
})

test('wrong passwords are forgotten an hour after the last one', async () => {
  const provider = create({ freeAttempts: 1 })
  await fail(provider, 1)
  nowMs += attemptsMaxAgeMs
  assert.deepEqual(await fail(provider, 2), ['invalid', 'invalid'])
})

test('counts as many pairs as the limit, and drops the least recently used beyond', () => {
  const throttle = createLoginThrottle({ freeAttempts: 1 }, services)
  for (let index = 0; index < attemptsMax; index++) void throttle.count(`${index}`)
  void throttle.count('1')
  assert.notEqual(throttle.admit('1'), undefined)
  void throttle.count('one more')
  void throttle.count('0')
  assert.equal(throttle.admit('0'), undefined)
})

test('false turns it off', async () => {
  assert.deepEqual(new Set(await fail(create(false), 50)), new Set(['invalid']))
})

test('a limiter of rate-limiter-flexible may count', async () => {
  const limiter = new RateLimiterMemory({ points: 1, duration: 3_600 })
  assert.deepEqual(await fail(create({ freeAttempts: 2, limiter }), 4), [
    'invalid',
    'invalid',
    'invalid',
    'throttled 1',
  ])
})

function down(): Promise<never> {
  return Promise.reject(new Error('down'))
}

test('where attempts cannot be counted nobody guesses', async () => {
  const limiter: AttemptLimiter = { get: down, penalty: down, reward: down, block: down, delete: down }
  await assert.rejects(log(create({ limiter }), 'alice', 'xxx'), /down/)
})

serverTest('several processes count together over Redis', redis, {}, async ({ ports }) => {
  const client = new Redis({ port: ports['redis'] ?? 0, host: '127.0.0.1' })
  try {
    const limiter = (): AttemptLimiter =>
      new RateLimiterRedis({ storeClient: client, points: 1, duration: 3_600 })
    const [one, other] = [
      create({ freeAttempts: 2, limiter: limiter() }),
      create({ freeAttempts: 2, limiter: limiter() }),
    ]
    assert.deepEqual(await fail(one, 2), ['invalid', 'invalid'])
    assert.deepEqual(await fail(other, 2), ['invalid', 'throttled 1'])
    assert.equal(outcome(await log(one, 'alice', 'xxx')), 'throttled 1')
  } finally {
    client.disconnect()
  }
})

for (const [name, value, problem] of [
  ['true', true, /store\.loginThrottle: expected false, found a boolean; or expected a record/],
  [
    'no attempt at all',
    { freeAttempts: 0 },
    /store\.loginThrottle\.freeAttempts: expected a whole number from 1 to 1000/,
  ],
  [
    'a limiter that is none',
    { limiter: { get() {} } },
    /store\.loginThrottle\.limiter: expected a limiter of rate-limiter-flexible/,
  ],
] as const) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => create(value),
      (error) => error instanceof ConfigError && problem.test(error.message),
    )
  })
}
