import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { createRevocations, isPromise } from '../../core/index.ts'
import { remoteKeySet } from './remote-key-set.ts'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Result, Services } from '../../core/index.ts'
import type { KeySet } from '../key-set.ts'
import type { VerificationKey } from '../key.ts'
import type { JwksConfig } from './jwks-config.ts'
import type { Schedule } from './schedule.ts'

const minute = 60_000
const deadlineMs = 5000

/** A clock with timers: nothing happens unless a test moves it. */
class FakeTime {
  nowMs = 1_800_000_000_000
  #timers: { atMs: number; delayMs: number; work: () => void }[] = []
  #waiting: (() => void)[] = []

  readonly schedule: Schedule = (delayMs, work) => {
    const timer = { atMs: this.nowMs + delayMs, delayMs, work }
    this.#timers.push(timer)
    if (delayMs !== deadlineMs) for (const resolve of this.#waiting.splice(0)) resolve()
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  get delays(): number[] {
    return this.#timers.map((timer) => timer.delayMs)
  }

  /** Resolves when an attempt has ended: it then plans the next one. */
  planned(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Moves on without any timer firing, as a suspended machine does. */
  sleep(ms: number): void {
    this.nowMs += ms
  }

  /** Fires the deadline of the exchange under way. */
  expireExchange(): void {
    this.#fire((timer) => timer.delayMs === deadlineMs)
  }

  /** Moves on to the next planned fetch and sees it through. */
  async runPlanned(): Promise<void> {
    const done = this.planned()
    const next = this.#timers.find((timer) => timer.delayMs !== deadlineMs)
    assert.ok(next, 'a fetch is planned')
    this.nowMs = next.atMs
    this.#fire((timer) => timer === next)
    await done
  }

  #fire(which: (timer: { delayMs: number; work: () => void }) => boolean): void {
    const due = this.#timers.filter(which)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { work } of due) work()
  }
}

let server: Server
let origin: string
let time: FakeTime
let requests: number
let warnings: { fields: Record<string, unknown>; message: string }[]
let respond: (response: ServerResponse) => void
let sets: KeySet[]

before(async () => {
  server = createServer((_request, response) => {
    requests++
    respond(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

after(() => {
  server.closeAllConnections()
  server.close()
})

beforeEach(() => {
  time = new FakeTime()
  requests = 0
  warnings = []
  sets = []
  respond = json({ keys: [jwk('one')] })
})

afterEach(async () => {
  await Promise.all(sets.map((set) => set.close?.()))
})

const services = (): Services => ({
  now: () => time.nowMs,
  random: (bytes) => new Uint8Array(bytes).fill(255),
  fetchFor: () => fetch,
  credentialSource: () => assert.fail('not used'),
  log: {
    debug() {},
    info() {},
    warn: (fields, message) => warnings.push({ fields: fields as Record<string, unknown>, message }),
    error() {},
  },
  revocations: createRevocations(),
})

function make(config: Partial<JwksConfig> = {}): Required<KeySet> {
  const set = remoteKeySet({ url: `${origin}/jwks`, ...config }, services(), 'jwksConfig', time.schedule)
  sets.push(set)
  return set
}

/** A set whose first fetch, good or bad, is over. */
async function started(config?: Partial<JwksConfig>): Promise<Required<KeySet>> {
  const done = time.planned()
  const set = make(config)
  await done
  return set
}

function jwk(kid?: string): Record<string, unknown> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...publicKey.export({ format: 'jwk' }), ...(kid !== undefined && { kid }) }
}

function json(value: unknown, status = 200): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }
}

const failing = json({}, 500)
const token = (kid?: string, alg = 'ES256') => ({ alg, ...(kid !== undefined && { kid }) })

async function find(set: KeySet, kid?: string, alg?: string): Promise<string> {
  return verdict(await set.find(token(kid, alg)))
}

function verdict(result: Result<VerificationKey>): string {
  return result.ok ? `key ${result.value.kid ?? 'without kid'}` : result.denial.code
}

test('fetches at once, and the first call waits for that fetch', async () => {
  const set = make()
  assert.equal(set.ready(), false)
  assert.equal(await find(set, 'one'), 'key one')
  assert.deepEqual([set.ready(), requests], [true, 1])
})

test('answers without a promise once the keys are there', async () => {
  const set = await started()
  assert.equal(isPromise(set.find(token('one'))), false)
})

test('a thousand first calls share one request', async () => {
  const set = make()
  const found = await Promise.all(Array.from({ length: 1000 }, () => find(set, 'one')))
  assert.deepEqual([new Set(found), requests], [new Set(['key one']), 1])
})

const selections: [
  claim: string,
  keys: () => unknown[],
  kid: string | undefined,
  alg: string,
  found: string,
][] = [
  ['compares the kid exactly', () => [jwk('one')], 'One', 'ES256', 'invalid'],
  ['a path as kid is a name like any other', () => [jwk('one')], '../../one', 'ES256', 'invalid'],
  ['__proto__ as kid is a name like any other', () => [jwk('one')], '__proto__', 'ES256', 'invalid'],
  ['refuses an algorithm that the named key is not for', () => [jwk('one')], 'one', 'ES384', 'invalid'],
  ['never verifies HS256 with a public key', () => [jwk('one')], 'one', 'HS256', 'invalid'],
  ['takes the only key that fits a token without kid', () => [jwk('one')], undefined, 'ES256', 'key one'],
  [
    'refuses a token without kid when two keys fit',
    () => [jwk('a'), jwk('b')],
    undefined,
    'ES256',
    'invalid',
  ],
  ['does not take a key without kid for a token that names one', () => [jwk()], 'one', 'ES256', 'invalid'],
  ['use enc never verifies', () => [{ ...jwk('enc'), use: 'enc' }, jwk('one')], 'enc', 'ES256', 'invalid'],
  [
    'a published secret never verifies',
    () => [{ kty: 'oct', k: 'A'.repeat(64), kid: 's' }, jwk('one')],
    's',
    'HS256',
    'invalid',
  ],
  [
    'a published private key never verifies',
    () => [{ ...jwk('p'), d: 'AAAA' }, jwk('one')],
    'p',
    'ES256',
    'invalid',
  ],
]

for (const [claim, keys, kid, alg, found] of selections) {
  test(claim, async () => {
    respond = json({ keys: keys() })
    assert.equal(await find(await started(), kid, alg), found)
  })
}

test('an unusable key is skipped with an event, not a failure of the set', async () => {
  respond = json({ keys: [{ kty: 'unheard of', kid: 'odd' }, null, jwk('one')] })
  const set = await started()
  assert.equal(await find(set, 'one'), 'key one')
  assert.equal(warnings.length, 2)
  await time.runPlanned()
  assert.equal(warnings.length, 2, 'the same set is not reported again')
})

const faults: [claim: string, respond: (response: ServerResponse) => void, reason: RegExp][] = [
  ['an error status', failing, /answered with status 500/],
  ['a success other than 200', json({ keys: [] }, 206), /status 206/],
  ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end(), /redirects/],
  [
    'a redirect to another host',
    (response) => response.writeHead(307, { location: 'https://issuer.example/' }).end(),
    /redirects/,
  ],
  ['HTML', (response) => response.end('<html></html>'), /not JSON/],
  ['a truncated body', (response) => truncate(response), /could not be fetched/],
  ['a closed connection', (response) => response.destroy(), /could not be fetched/],
  ['bytes that are not UTF-8', (response) => response.end(Buffer.from([0x7b, 0xff, 0x7d])), /not UTF-8/],
  ['JSON of another kind', json([jwk('one')]), /not a JSON object/],
  ['an object without keys', json({ key: jwk('one') }), /list named keys/],
  ['keys that are no list', json({ keys: { one: jwk('one') } }), /list named keys/],
  ['no key at all', json({ keys: [] }), /no key that can verify/],
  ['no usable key', json({ keys: [{ kty: 'oct', k: 'AAAA' }] }), /no key that can verify/],
  ['a duplicate member', (response) => response.end('{"keys":[],"keys":[]}'), /duplicate member/],
  ['one key too many', json({ keys: Array.from({ length: 101 }, () => ({ kty: 'EC' })) }), /at most 100/],
  ['JSON nested beyond any key set', (response) => response.end(`${'['.repeat(100_000)}`), /not JSON/],
]

for (const [claim, fault, reason] of faults) {
  test(`at the start, ${claim} means unavailable and a retry, not invalid`, async () => {
    respond = fault
    const set = await started()
    const refused = await set.find(token('one'))
    assert.equal(verdict(refused), 'unavailable')
    assert.equal(set.ready(), false)
    assert.match(String(warnings.at(-1)?.fields['reason']), reason)
    assert.deepEqual(time.delays, [1000])
    respond = json({ keys: [jwk('one')] })
    await time.runPlanned()
    assert.deepEqual([set.ready(), await find(set, 'one')], [true, 'key one'])
  })

  test(`later, ${claim} leaves the keys in place`, async () => {
    const set = await started()
    respond = fault
    await time.runPlanned()
    assert.deepEqual([set.ready(), await find(set, 'one')], [true, 'key one'])
    assert.equal(await find(set, 'unknown'), 'unavailable')
  })
}

function truncate(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 1000 })
  response.write('{"keys":[', () => response.destroy())
}

test('a set of exactly 100 keys is taken', async () => {
  respond = json({ keys: Array.from({ length: 100 }, (_, index) => jwk(`k${index}`)) })
  assert.equal(await find(await started(), 'k99'), 'key k99')
})

test('cacheConfig.capacity lowers the most keys of a set', async () => {
  respond = json({ keys: [jwk('a'), jwk('b')] })
  assert.equal(await find(await started({ cacheConfig: { capacity: 2 } }), 'a'), 'key a')
  assert.equal(await find(await started({ cacheConfig: { capacity: 1 } }), 'a'), 'unavailable')
})

test('a body of exactly 512 KiB is read, one more byte is not', async () => {
  const padded = (size: number) => (response: ServerResponse) => {
    response.end(JSON.stringify({ keys: [jwk('one')] }).padEnd(size, ' '))
  }
  respond = padded(524_288)
  assert.equal(await find(await started(), 'one'), 'key one')
  respond = padded(524_289)
  assert.equal(await find(await started(), 'one'), 'unavailable')
})

test('an endless body is cut off while it streams', async () => {
  let closed: Promise<void> | undefined
  respond = (response) => {
    closed = new Promise((resolve) => response.on('close', resolve))
    const pour = (): void => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
      if (!response.destroyed) response.once('drain', pour)
    }
    pour()
  }
  assert.equal(await find(await started(), 'one'), 'unavailable')
  await closed
})

const slow: [claim: string, respond: (response: ServerResponse) => void][] = [
  ['answers nothing', () => {}],
  ['stops in the middle of the body', (response) => response.writeHead(200).write('{"keys":[')],
]

for (const [claim, stall] of slow) {
  test(`gives up after five seconds on an endpoint that ${claim}`, async () => {
    const reached = new Promise<void>((resolve) => {
      respond = (response) => {
        stall(response)
        resolve()
      }
    })
    const set = make()
    const waiting = find(set, 'one')
    await reached
    time.expireExchange()
    assert.equal(await waiting, 'unavailable')
    assert.match(String(warnings[0]?.fields['reason']), /no answer within 5000 ms/)
  })
}

test('retries back off from one second to five minutes', async () => {
  respond = failing
  const set = await started()
  const delays = [time.delays[0]]
  for (let retry = 0; retry < 11; retry++) {
    await time.runPlanned()
    delays.push(time.delays[0])
  }
  assert.deepEqual(
    delays,
    [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000, 300_000],
  )
  assert.equal(requests, 12)
  const refused = await set.find(token('one'))
  assert.equal(refused.ok ? undefined : refused.denial.retryAfterSeconds, 300)
  assert.equal(requests, 12, 'calls during an outage do not hammer the endpoint')
})

test('refreshes in the background before the set is due', async () => {
  const set = await started()
  assert.deepEqual(time.delays, [10 * minute])
  respond = json({ keys: [jwk('two')] })
  await time.runPlanned()
  assert.deepEqual([await find(set, 'two'), requests], ['key two', 2])
})

test('an unknown kid causes one fetch, once per thirty seconds', async () => {
  const set = await started()
  assert.equal(await find(set, 'two'), 'invalid')
  assert.equal(requests, 1, 'not within thirty seconds of the first fetch')
  time.sleep(30_000)
  const flood = await Promise.all(Array.from({ length: 1000 }, (_, index) => find(set, `random-${index}`)))
  assert.deepEqual([new Set(flood), requests], [new Set(['invalid']), 2])
  time.sleep(29_999)
  assert.equal(await find(set, 'random'), 'invalid')
  assert.equal(requests, 2)
  respond = json({ keys: [jwk('two')] })
  time.sleep(1)
  assert.deepEqual([await find(set, 'two'), requests], ['key two', 3])
})

test('the cooldown holds after failures too, and the verdict is then unavailable', async () => {
  const set = await started()
  respond = failing
  time.sleep(30_000)
  assert.deepEqual([await find(set, 'two'), requests], ['unavailable', 2])
  time.sleep(29_999)
  assert.deepEqual([await find(set, 'two'), requests], ['unavailable', 2])
  time.sleep(1)
  assert.deepEqual([await find(set, 'two'), requests], ['unavailable', 3])
})

test('a token that names a known key does not wait for an exchange under way', async () => {
  const set = await started()
  let release: () => void = () => {}
  const reached = new Promise<void>((resolve) => {
    respond = (response) => {
      release = () => json({ keys: [jwk('two')] })(response)
      resolve()
    }
  })
  time.sleep(30_000)
  const waiting = find(set, 'two')
  await reached
  assert.equal(isPromise(set.find(token('one'))), false)
  release()
  assert.equal(await waiting, 'key two')
  assert.equal(await find(set, 'one'), 'invalid', 'keys swapped while the answer was on its way')
})

test('keys outlive a failing endpoint by two hours, not a millisecond more', async () => {
  const set = await started()
  respond = failing
  await time.runPlanned()
  time.sleep(110 * minute - 1)
  assert.deepEqual([set.ready(), await find(set, 'one')], [true, 'key one'])
  time.sleep(1)
  assert.deepEqual([set.ready(), await find(set, 'one')], [false, 'unavailable'])
})

test('after a suspension past the hour the first call fetches, and uses old keys only when that fails', async () => {
  const set = await started()
  time.sleep(60 * minute)
  respond = json({ keys: [jwk('two')] })
  assert.deepEqual([await find(set, 'one'), await find(set, 'two')], ['invalid', 'key two'])
  time.sleep(60 * minute)
  respond = failing
  assert.deepEqual([await find(set, 'two'), requests], ['key two', 3])
})

test('a late timer makes a call refresh without waiting', async () => {
  const set = await started()
  time.sleep(11 * minute)
  const done = time.planned()
  assert.equal(isPromise(set.find(token('one'))), false)
  await done
  assert.equal(requests, 2)
})

test('holds a key as long as it is in the set and the set may be relied on', async () => {
  const first = { keys: [jwk('one')] }
  respond = json(first)
  const set = await started()
  const found = await set.find(token('one'))
  assert.ok(found.ok)
  assert.equal(set.holds(found.value), true)
  await time.runPlanned()
  assert.equal(set.holds(found.value), true, 'the same set again')
  time.sleep(60 * minute)
  assert.equal(set.holds(found.value), false, 'past the hard end')
  respond = json({ keys: [jwk('one')] })
  await find(set, 'one')
  assert.equal(set.holds(found.value), false, 'another key of the same name')
})

test('two sets of one URL share nothing', async () => {
  const [first, second] = [await started(), await started()]
  const [a, b] = [await first.find(token('one')), await second.find(token('one'))]
  assert.ok(a.ok && b.ok)
  assert.deepEqual([first.holds(b.value), second.holds(a.value), requests], [false, false, 2])
})

test('close ends the timer and an exchange under way, and then refuses as unavailable', async () => {
  const idle = await started()
  await idle.close()
  assert.deepEqual(time.delays, [])
  respond = () => {}
  const busy = make()
  const waiting = find(busy, 'one')
  await busy.close()
  assert.equal(await waiting, 'unavailable')
  assert.deepEqual(time.delays, [])
})

const configs: [claim: string, config: Partial<JwksConfig>, path: string][] = [
  ['plain http off loopback', { url: 'http://issuer.example/jwks' }, 'jwksConfig.url'],
  ['a relative URL', { url: '/jwks' }, 'jwksConfig.url'],
  ['a file', { url: 'file:///etc/passwd' }, 'jwksConfig.url'],
]

for (const [claim, config, path] of configs) {
  test(`does not start with ${claim}`, () => {
    assert.throws(() => make(config), { name: 'ConfigError', path })
  })
}
