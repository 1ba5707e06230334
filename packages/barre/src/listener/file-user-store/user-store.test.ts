import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import {
  allowPlainPasswords,
  ConfigError,
  createRevocations,
  createSharedInstances,
  isPromise,
  Secret,
} from '../../core/index.ts'
import type { Authenticated, Awaitable, Call, Provider, Result, Services } from '../../core/index.ts'
import { hashArgon2id } from '../../crypto/index.ts'
import type { UserProvider } from '../basic-login.ts'
import type { UserConfig } from './config.ts'
import { rehashesMax } from './rehash.ts'
import { userStoreKind } from './user-store.ts'

const services: Services = {
  now: () => 5_000,
  random: randomBytes,
  fetchFor: () => fetch,
  credentialSource: () => ({ credential: () => ({ ok: false, denial: { code: 'missing', detail: '' } }) }),
  log: { debug() {}, info() {}, warn() {}, error() {} },
  revocations: createRevocations(),
  shared: createSharedInstances(),
}
const cost = { memoryKib: 64, passes: 1, lanes: 1 }
const stored = await hashArgon2id('xxx', randomBytes(16), cost)
const other = await hashArgon2id('xxx', randomBytes(16), { ...cost, passes: 2 })

const users: Readonly<Record<string, UserConfig>> = {
  alice: { username: 'alice', password: stored, scopes: ['read'] },
  other: { username: 'other', password: other },
  plain: { username: 'plain', password: 'xxx' },
  alias: { username: 'alice', password: stored },
}

function create(config: object): UserProvider {
  const checked = userStoreKind.shape.check(
    { passwordFormats: [stored], loginThrottle: false, ...config },
    'store',
  )
  return userStoreKind.create(checked, services, 'store')
}

const call: Call = {
  method: 'GET',
  target: '/',
  signal: AbortSignal.abort(),
  peer: { encrypted: true },
  metadata: () => [],
}

function log(provider: Provider, username: string, password: string): Awaitable<Result<Authenticated>> {
  return provider.verify({ username, password: new Secret(password) }, call)
}

const outcomes: readonly (readonly [string, string, string])[] = [
  ['alice', 'xxx', 'alice read'],
  ['alice', 'yyy', 'invalid'],
  ['nobody', 'xxx', 'invalid'],
  ['other', 'xxx', 'unavailable'],
  ['plain', 'xxx', 'unavailable'],
  ['alias', 'xxx', 'unavailable'],
  ['broken', 'xxx', 'unavailable'],
]
for (const [way, find] of [
  ['at once', (name: string) => (name === 'broken' ? ({ username: 'broken' } as UserConfig) : users[name])],
  [
    'later',
    async (name: string) => (name === 'broken' ? ({ username: 'broken' } as UserConfig) : users[name]),
  ],
] as const) {
  test(`asks the program for a user, which may answer ${way}`, async () => {
    const provider = create({ find })
    for (const [username, password, expected] of outcomes) {
      const result = await log(provider, username, password)
      const found = result.ok
        ? [result.value.principal.id, ...result.value.principal.scopes].join(' ')
        : result.denial.code
      assert.equal(found, expected, username)
    }
  })
}

test('takes passwords as they are only with permission, and then answers at once', async () => {
  const plain = { find: (name: string) => users[name], passwordFormats: [], [allowPlainPasswords]: true }
  const result = log(create(plain), 'plain', 'xxx')
  assert.equal(isPromise(result), false)
  assert.equal((await result).ok, true)
})

test('asks again at every login', async () => {
  let password = stored
  const provider = create({ find: () => ({ username: 'alice', password }) })
  assert.equal((await log(provider, 'alice', 'xxx')).ok, true)
  password = await hashArgon2id('new', randomBytes(16), cost)
  assert.equal((await log(provider, 'alice', 'xxx')).ok, false)
})

test('has a weak hash of a right password replaced, once, and takes the new one', async () => {
  const user = { username: 'alice', password: stored }
  const replaced = Promise.withResolvers<void>()
  const calls: string[] = []
  const provider = create({
    find: (name: string) => (name === 'alice' ? user : undefined),
    replace(username: string, hash: string, previous: string) {
      calls.push(username)
      if (user.password === previous) user.password = hash
      replaced.resolve()
    },
  })
  assert.equal((await log(provider, 'alice', 'yyy')).ok, false)
  assert.equal((await log(provider, 'nobody', 'xxx')).ok, false)
  assert.deepEqual(calls, [])
  const both = await Promise.all([log(provider, 'alice', 'xxx'), log(provider, 'alice', 'xxx')])
  assert.ok(both.every(({ ok }) => ok))
  await replaced.promise
  assert.match(user.password, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal((await log(provider, 'alice', 'xxx')).ok, true)
  assert.equal((await log(provider, 'alice', 'yyy')).ok, false)
  assert.deepEqual(calls, ['alice'])
})

test(`hashes the passwords of ${rehashesMax} users anew at once, and leaves one more to its next login`, async () => {
  const begun: string[] = []
  const full = Promise.withResolvers<void>()
  const provider = create({
    find: (username: string) => ({ username, password: stored }),
    replace(username: string) {
      if (begun.push(username) === rehashesMax) full.resolve()
      return new Promise(() => {})
    },
  })
  for (let user = 0; user <= rehashesMax; user++) await log(provider, `user${user}`, 'xxx')
  await full.promise
  assert.equal((await log(provider, 'one more', 'xxx')).ok, true)
  assert.deepEqual(
    begun.toSorted(),
    Array.from({ length: rehashesMax }, (_, user) => `user${user}`).toSorted(),
  )
})

test('lets a right login in when its better hash cannot be stored, and says so', async () => {
  const warned = Promise.withResolvers<object>()
  const provider = userStoreKind.create(
    {
      find: () => ({ username: 'alice', password: stored }),
      replace: () => Promise.reject(new Error('read-only')),
      passwordFormats: [stored],
      loginThrottle: false,
    },
    { ...services, log: { ...services.log, warn: (fields) => warned.resolve(fields) } },
    'store',
  )
  assert.equal((await log(provider, 'alice', 'xxx')).ok, true)
  assert.equal(Object(await warned.promise).username, 'alice')
})

for (const [name, config, problem] of [
  ['no function', { find: {} }, 'store.find: expected a function from a user name to a user, found a record'],
  [
    'a format that is none',
    { find() {}, passwordFormats: ['xxx'] },
    'store.passwordFormats[0]: expected $argon2id$',
  ],
] as const) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => create(config),
      (error) => error instanceof ConfigError && error.message.startsWith(problem),
    )
  })
}

test('who is still a user is asked of the program', async () => {
  const provider = create({ find: (username: string) => users[username] })
  const codes: string[] = []
  for (const id of ['alice', 'nobody', 'alias', 'plain']) {
    const found = await provider.find(id)
    codes.push(found.ok ? [found.value.id, ...found.value.scopes].join(' ') : found.denial.code)
  }
  assert.deepEqual(codes, ['alice read', 'invalid', 'unavailable', 'unavailable'])
})
