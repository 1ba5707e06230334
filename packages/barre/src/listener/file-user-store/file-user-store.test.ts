import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  allowPlainPasswords,
  createRevocations,
  createSharedInstances,
  guard,
  isPromise,
  Secret,
} from '../../core/index.ts'
import type { Authenticated, Awaitable, Call, Provider, Result, Services } from '../../core/index.ts'
import { hashArgon2id, passwordQueueMax } from '../../crypto/index.ts'
import { costsMax } from './password-check.ts'
import { successMax } from '../basic-login.ts'
import { fileUserStoreKind, successMaxAgeMs } from './file-user-store.ts'

let nowMs = 5_000
const services: Services = {
  now: () => nowMs,
  random: randomBytes,
  fetchFor: () => fetch,
  credentialSource: () => ({ credential: () => ({ ok: false, denial: { code: 'missing', detail: '' } }) }),
  log: { debug() {}, info() {}, warn() {}, error() {} },
  revocations: createRevocations(),
  shared: createSharedInstances(),
}

const call: Call = {
  method: 'GET',
  target: '/',
  signal: AbortSignal.abort(),
  peer: { encrypted: true },
  metadata: () => [],
}

/** Without throttling, which has its own tests. */
function create(config: object): Provider {
  const checked = fileUserStoreKind.shape.check({ loginThrottle: false, ...config }, 'store')
  return fileUserStoreKind.create(checked, services, 'store')
}

function hashed(password: string, passes = 1): Promise<string> {
  return hashArgon2id(password, randomBytes(16), { memoryKib: 64, passes, lanes: 1 })
}

function log(provider: Provider, username: string, password: string): Awaitable<Result<Authenticated>> {
  return provider.verify({ username, password: new Secret(password) }, call)
}

function codeOf(result: Result<Authenticated>): string {
  return result.ok ? result.value.principal.id : result.denial.code
}

/** How many argon2 computations a job starts. */
async function countHashes(job: () => Awaitable<unknown>): Promise<number> {
  let count = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'ARGON2REQUEST') count++
    },
  }).enable()
  try {
    await job()
  } finally {
    hook.disable()
  }
  return count
}

const plain = { users: [{ username: 'alice', password: 'xxx', scopes: 'read' }], [allowPlainPasswords]: true }
const mixed = {
  users: [
    { username: 'alice', password: await hashed('xxx'), scopes: ['read'] },
    { username: 'costly', password: await hashed('xxx', 2) },
    { username: 'plain', password: 'xxx' },
  ],
  [allowPlainPasswords]: true,
}

const attempts: readonly (readonly [string, string, string])[] = [
  ['alice', 'xxx', 'alice'],
  ['alice', 'xx', 'invalid'],
  ['alice', 'xxxx', 'invalid'],
  ['alice', 'XXX', 'invalid'],
  ['Alice', 'xxx', 'invalid'],
  ['alice ', 'xxx', 'invalid'],
  ['nobody', 'xxx', 'invalid'],
  ['constructor', 'xxx', 'invalid'],
]
for (const [name, config] of [
  ['plain', plain],
  ['hashed', mixed],
] as const) {
  test(`lets in whose password is right, and nobody else: ${name}`, async () => {
    const provider = create(config)
    for (const [username, password, expected] of attempts) {
      assert.equal(codeOf(await log(provider, username, password)), expected, `${username}:${password}`)
    }
  })
}

test('a stored hash is no password', async () => {
  const stored = await hashed('xxx')
  const provider = create({ users: [{ username: 'alice', password: stored }] })
  assert.equal(codeOf(await log(provider, 'alice', stored)), 'invalid')
})

test('a store of plain passwords answers at once', () => {
  assert.equal(isPromise(log(create(plain), 'alice', 'xxx')), false)
})

test('every check costs the same: right, wrong, unknown, stored cheaply, dearly or plainly', async () => {
  const costs: number[] = []
  for (const [username, password] of [
    ['alice', 'xxx'],
    ['alice', 'yyy'],
    ['costly', 'xxx'],
    ['costly', 'yyy'],
    ['plain', 'xxx'],
    ['plain', 'yyy'],
    ['nobody', 'yyy'],
  ] as const) {
    const provider = create(mixed)
    costs.push(await countHashes(() => log(provider, username, password)))
  }
  assert.deepEqual(costs, [2, 2, 2, 2, 2, 2, 2])
})

test('a wrong password and an unknown user get the same answer', async () => {
  const provider = create(mixed)
  assert.deepEqual(await log(provider, 'alice', 'yyy'), await log(provider, 'nobody', 'yyy'))
})

test('a right password is hashed again only after a minute; a wrong one every time', async () => {
  const provider = create({ users: mixed.users.slice(0, 1) })
  const right = (): Awaitable<unknown> => log(provider, 'alice', 'xxx')
  const wrong = (): Awaitable<unknown> => log(provider, 'alice', 'yyy')
  assert.deepEqual([await countHashes(right), await countHashes(right)], [1, 0])
  assert.deepEqual([await countHashes(wrong), await countHashes(wrong)], [1, 1])
  nowMs += successMaxAgeMs - 1
  assert.equal(await countHashes(right), 0)
  nowMs += 1
  assert.equal(await countHashes(right), 1)
})

test('checks of one password at the same time share one hash; others do not', async () => {
  const password = await hashed('xxx')
  const provider = create({ users: [{ username: 'alice', password }] })
  const sameTime = (...given: readonly string[]) =>
    countHashes(() => Promise.all(given.map(async (guess) => log(provider, 'alice', guess))))
  assert.equal(await sameTime('xxx', 'xxx', 'xxx'), 1)
  assert.equal(await sameTime('yyy', 'yyy', 'zzz'), 2)
})

test('names that nobody has do not share a hash, or its duration would tell that nobody has them', async () => {
  const provider = create(mixed)
  const ask = async (...names: string[]): Promise<unknown> =>
    Promise.all(names.map(async (name) => log(provider, name, 'same')))
  const [known, unknown] = [
    await countHashes(() => ask('alice', 'costly')),
    await countHashes(() => ask('nobody', 'nowhere')),
  ]
  assert.equal(unknown, known)
})

test("one user's right password is not another's", async () => {
  const password = await hashed('xxx')
  const provider = create({
    users: [
      { username: 'a', password },
      { username: 'b', password: await hashed('yyy') },
    ],
  })
  await log(provider, 'a', 'xxx')
  assert.equal(codeOf(await log(provider, 'b', 'xxx')), 'invalid')
})

test('remembers as many right passwords as the limit, and forgets the least recently used beyond', async () => {
  const cost = { memoryKib: 8, passes: 1, lanes: 1 }
  const password = await hashArgon2id('xxx', randomBytes(16), cost)
  const users = Array.from({ length: successMax + 1 }, (_, index) => ({ username: `u${index}`, password }))
  const provider = create({ users })
  for (const { username } of users.slice(0, successMax)) await log(provider, username, 'xxx')
  assert.equal(await countHashes(() => log(provider, 'u1', 'xxx')), 0)
  await log(provider, `u${successMax}`, 'xxx')
  assert.equal(await countHashes(() => log(provider, 'u1', 'xxx')), 0)
  assert.equal(await countHashes(() => log(provider, 'u0', 'xxx')), 1)
})

test('a flood of checks is throttled beyond the queue, with the time to wait', async () => {
  const password = await hashArgon2id('xxx', randomBytes(16), { memoryKib: 8, passes: 1, lanes: 1 })
  const provider = create({ users: [{ username: 'alice', password }] })
  const results = await Promise.all(
    Array.from({ length: passwordQueueMax * 2 }, async (_, index) =>
      log(provider, 'alice', `wrong ${index}`),
    ),
  )
  const throttled = results.filter((result) => codeOf(result) === 'throttled')
  assert.ok(throttled.length > 0 && throttled.length <= passwordQueueMax)
  assert.ok(throttled.every((result) => !result.ok && result.denial.retryAfterSeconds === 1))
  assert.equal(codeOf(await log(provider, 'alice', 'xxx')), 'alice')
})

test('mixes as many hash costs as the limit, and no more', async () => {
  const users = await Promise.all(
    Array.from({ length: costsMax + 1 }, async (_, index) => {
      return { username: `u${index}`, password: await hashed('xxx', index + 1) }
    }),
  )
  assert.equal(codeOf(await log(create({ users: users.slice(1) }), 'u1', 'xxx')), 'u1')
  assert.throws(() => create({ users }), /store: expected at most 4 different hash costs, found 5/)
})

async function alice(password: string): Promise<string> {
  return `[[barre.auth.users]]\nusername = "alice"\npassword = "${await hashed(password)}"\n`
}

test('a changed file is read again; one that cannot be used changes nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'barre-users-'))
  const path = join(folder, 'users.toml')
  writeFileSync(path, await alice('old'))
  let told = Promise.withResolvers<string>()
  const note = (_fields: object, message: string): void => told.resolve(message)
  const telling = { ...services, log: { ...services.log, info: note, error: note } }
  const provider = fileUserStoreKind.create({ path, loginThrottle: false }, telling, 'store')
  const login = async (password: string): Promise<string> =>
    codeOf(await provider.verify({ username: 'alice', password: new Secret(password) }, call))
  const change = async (text: string): Promise<string> => {
    told = Promise.withResolvers()
    // As an editor does it: another file takes the place.
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
    return told.promise
  }
  try {
    assert.equal(await login('old'), 'alice')
    assert.equal(await change('users = ['), 'the changed users cannot be used; those known stay')
    assert.equal(await login('old'), 'alice')
    assert.equal(await change(await alice('new')), 'the users were read again')
    assert.deepEqual([await login('old'), await login('new')], ['invalid', 'alice'])
  } finally {
    await provider.close?.()
    rmSync(folder, { recursive: true })
  }
})

test('the principal is the user, with scopes, and ends with the session where that is limited', async () => {
  const unlimited = await log(create(plain), 'alice', 'xxx')
  assert.ok(unlimited.ok)
  const { principal } = unlimited.value
  assert.deepEqual(
    [principal.id, principal.username, [...principal.scopes], principal.scheme, principal.expiresAtSeconds],
    ['alice', 'alice', ['read'], 'Basic', undefined],
  )
  const limited = await log(create({ ...plain, maxSessionSeconds: 60 }), 'alice', 'xxx')
  assert.ok(limited.ok)
  assert.equal(limited.value.principal.expiresAtSeconds, Math.floor(nowMs / 1000) + 60)
})

const challenges: readonly (readonly [string, object, string | undefined, readonly string[]])[] = [
  ['nobody', {}, undefined, ['Basic realm="barre", charset="UTF-8"']],
  [
    'a wrong password',
    { realm: 'Orders & more' },
    'alice:yyy',
    ['Basic realm="Orders & more", charset="UTF-8"'],
  ],
  ['a user without the scope', {}, 'alice:xxx', []],
]
for (const [name, more, userPass, expected] of challenges) {
  test(`asks ${name} for ${expected.length === 0 ? 'no other credential' : 'a password'}`, async () => {
    const sent = userPass === undefined ? [] : [`Basic ${btoa(userPass)}`]
    const sentCall: Call = {
      method: 'GET',
      target: '/',
      signal: AbortSignal.abort(),
      peer: { encrypted: true },
      metadata: (header) => (header === 'authorization' ? sent : []),
    }
    const provider = create({ ...plain, ...more })
    const decision = await guard(
      { alternatives: [{ provider, scopes: 'admin', entry: 'auth[0]' }], optional: false },
      sentCall,
    )
    assert.deepEqual(!decision.ok && decision.challenges, expected)
  })
}
