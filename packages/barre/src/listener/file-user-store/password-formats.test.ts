import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createRevocations, createSharedInstances, Secret } from '../../core/index.ts'
import type { Authenticated, Awaitable, Call, Provider, Result, Services } from '../../core/index.ts'
import { createEncrypter } from '../../config/index.ts'
import { hashPassword } from '../../crypto/index.ts'
import { costsMax } from './password-check.ts'
import { fileUserStoreKind } from './file-user-store.ts'
import { parseHash, passwordFormats } from './password-formats.ts'

const services: Services = {
  now: () => 5_000,
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

function create(config: object): Provider {
  const checked = fileUserStoreKind.shape.check({ loginThrottle: false, ...config }, 'store')
  return fileUserStoreKind.create(checked, services, 'store')
}

function log(provider: Provider, username: string, password: string): Awaitable<Result<Authenticated>> {
  return provider.verify({ username, password: new Secret(password) }, call)
}

function codeOf(result: Result<Authenticated>): string {
  return result.ok ? result.value.principal.id : result.denial.code
}

/** A hash of `xxx` at a cost that tests can pay. */
async function hashed(options: Parameters<typeof hashPassword>[1]): Promise<string> {
  const hash = await hashPassword('xxx', options)
  assert.ok(hash.ok)
  return hash.value
}

const hashes = {
  argon2id: await hashed({ cost: { memoryKib: 64, passes: 1, lanes: 1 } }),
  scrypt: await hashed({ algorithm: 'scrypt', cost: { logWork: 4, blockSize: 8, parallelism: 1 } }),
  pbkdf2: await hashed({ algorithm: 'pbkdf2', cost: { digest: 'sha512', iterations: 10 } }),
  bcrypt: await hashed({ algorithm: 'bcrypt', cost: 4 }),
}

test('each format has a row, and a decoy that costs the same and opens to nobody', async () => {
  const digest = `@sha256:{${createHash('sha256').update('xxx').digest('hex')}}`
  const stored = [...Object.values(hashes), digest].map((text) => parseHash(text))
  assert.equal(stored.length, passwordFormats.length)
  for (const hash of stored) {
    assert.ok(typeof hash !== 'string')
    const decoy = hash.decoy(randomBytes)
    assert.equal(decoy.cost, hash.cost)
    assert.deepEqual([await hash.verify('xxx'), await decoy.verify('xxx')], [true, false])
  }
})

test('a store may mix formats', async () => {
  const users = Object.entries(hashes).map(([username, password]) => ({ username, password }))
  assert.equal(users.length, costsMax)
  const provider = create({ users })
  for (const { username } of users) {
    assert.equal(codeOf(await log(provider, username, 'xxx')), username)
    assert.equal(codeOf(await log(provider, username, 'xxy')), 'invalid')
  }
  assert.equal(codeOf(await log(provider, 'nobody', 'xxx')), 'invalid')
})

test('reads a padded hash of Ballerina', async () => {
  const padded = hashes.argon2id.replace(/\$([^$]{22})\$([^$]{43})$/, '$$$1==$$$2=')
  const provider = create({ users: [{ username: 'alice', password: padded }] })
  assert.equal(codeOf(await log(provider, 'alice', 'xxx')), 'alice')
})

// Ballerina's documentation has these three, of `xxx`.
const digests = [
  '@sha256:{cd2eb0837c9b4c962c22d2ff8b5441b7b45805887f051d39bf133b583baf6860}',
  '@sha256:{CD2EB0837C9B4C962C22D2FF8B5441B7B45805887F051D39BF133B583BAF6860}',
  `@sha384:{${createHash('sha384').update('xxx').digest('hex')}}`,
  `@sha512:{${createHash('sha512').update('xxx').digest('hex')}}`,
]
for (const password of digests) {
  test(`reads a digest of Ballerina 0.991: ${password.slice(0, 14)}`, async () => {
    const provider = create({ users: [{ username: 'alice', password }] })
    assert.equal(codeOf(await log(provider, 'alice', 'xxx')), 'alice')
    assert.equal(codeOf(await log(provider, 'alice', 'xxy')), 'invalid')
    assert.equal(codeOf(await log(provider, 'nobody', 'xxx')), 'invalid')
    assert.equal(codeOf(await log(provider, 'alice', password)), 'invalid')
  })
}

const secret = new Secret('ballerina')
const encrypter = createEncrypter(secret, {
  random: randomBytes,
  cost: { memoryKib: 64, passes: 1, lanes: 1 },
})
const bound = 'b7a.users.bound.password'
const encrypted = {
  // From Ballerina's documentation: `password`, encrypted with `ballerina`.
  general: '@encrypted:{pIQrB9YfCQK1eIWH5d6UaZXA3zr+60JxSBcpa2PY7a8=}',
  unbound: await encrypter.encrypt('password'),
  bound: await encrypter.encrypt('password', { key: bound }),
  moved: await encrypter.encrypt('password', { key: 'b7a.users.somebody.password' }),
}

for (const [names, expected] of [
  [
    ['general', 'unbound', 'bound'],
    ['invalid', 'bound', 'general', 'unbound'],
  ],
  [['general', 'moved'], ['Error']],
] as const) {
  test(`opens encrypted passwords where they belong: ${names.join(', ')}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'barre-users-'))
    const path = join(folder, 'users.toml')
    writeFileSync(
      path,
      names.map((name) => `["b7a.users.${name}"]\npassword = "${encrypted[name]}"\n`).join(''),
    )
    const provider = create({ path, secret })
    rmSync(folder, { recursive: true })
    const found = new Set<string>()
    for (const [username, password] of names.flatMap(
      (name) =>
        [
          [name, 'password'],
          [name, 'wrong'],
        ] as const,
    )) {
      const login = Promise.resolve(log(provider, username, password))
      found.add(await login.then(codeOf, () => 'Error'))
    }
    assert.deepEqual([...found].toSorted(), [...expected].toSorted())
    await provider.close?.()
  })
}
