import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { publicJwk, thumbprint } from 'barre/jose'
import { temporaryDirectory } from '../../test/fixture.ts'
import { keyFilesMax, keyFolder } from './key-files.ts'
import { loadSigningKeys, pruneKeys, publishAheadMs } from './signing-keys.ts'
import type { KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from './key-types.ts'
import type { KeysConfig, SigningKeys } from './signing-keys.ts'

const startMs = Date.UTC(2030, 0, 2, 3, 4, 5)
const tokenMaxLifetimeSeconds = 300
const log = { debug() {}, info() {}, warn() {}, error() {} }

type More = Partial<KeysConfig> & { readonly password?: string }

function toConfig(directory: string, { password, ...more }: More = {}): KeysConfig {
  const place = keyFolder({ directory, password, path: 'keysDirectory' })
  return { place, algorithm: 'ES256', tokenMaxLifetimeSeconds, ...more }
}

async function load(
  directory: string,
  algorithm: SigningAlgorithm = 'ES256',
  more: More = {},
  now: () => number = () => startMs,
): Promise<SigningKeys> {
  const keys = await loadSigningKeys(toConfig(directory, { algorithm, ...more }), { now, log })
  keys.close()
  return keys
}

function write(file: string, key: KeyObject, mode = 0o600): void {
  writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }), { mode })
}

const ec = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

test('the first start makes a key that only we can read, the second uses it', async (t) => {
  const directory = join(temporaryDirectory(t), 'keys')
  const first = await load(directory)
  assert.deepEqual(readdirSync(directory), ['20300102T030405Z-ES256.pem'])
  const file = join(directory, '20300102T030405Z-ES256.pem')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  assert.match(readFileSync(file, 'utf8'), /^-----BEGIN PRIVATE KEY-----/)
  const second = await load(directory)
  assert.equal(second.current().kid, first.current().kid)
})

for (const algorithm of ['ES256', 'RS256', 'PS256', 'EdDSA', 'ML-DSA-65'] as const) {
  test(`a ${algorithm} key is named by its thumbprint and published without its private part`, async (t) => {
    const keys = await load(join(temporaryDirectory(t), 'keys'), algorithm)
    const [jwk, ...others] = keys.published().keys
    assert.deepEqual(others, [])
    assert.equal(keys.current().kid, thumbprint(publicJwk(keys.current())))
    assert.deepEqual([jwk!.kid, jwk!.alg, jwk!.use], [keys.current().kid, algorithm, 'sig'])
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'priv'])
      assert.equal(secret in jwk!, false, secret)
  })
}

test('a key is published before it signs, and retired when its last token has ended', async (t) => {
  const directory = join(temporaryDirectory(t), 'keys')
  let nowMs = startMs
  const keys = await load(directory, 'ES256', {}, () => nowMs)
  const old = keys.current().kid
  nowMs += 86_400_000
  await keys.rotate()
  const kids = (): (string | undefined)[] => keys.published().keys.map(({ kid }) => kid)
  const [, young] = kids()
  const changes: [afterMs: number, signs: string | undefined, published: number][] = [
    [0, old, 2],
    [publishAheadMs - 1, old, 2],
    [publishAheadMs, young, 2],
    [publishAheadMs + (tokenMaxLifetimeSeconds + 60) * 1000 - 1, young, 2],
    [publishAheadMs + (tokenMaxLifetimeSeconds + 60) * 1000, young, 1],
  ]
  const rotatedMs = nowMs
  for (const [afterMs, signs, published] of changes) {
    nowMs = rotatedMs + afterMs
    assert.deepEqual([keys.current().kid, kids().length], [signs, published], `${afterMs} ms later`)
    assert.equal(keys.verification().length, published)
    const restarted = await load(directory, 'ES256', {}, () => nowMs)
    assert.equal(restarted.current().kid, signs, 'a restart in between changes nothing')
  }
  assert.equal(await pruneKeys(toConfig(directory), nowMs), 1)
  assert.equal(readdirSync(directory).length, 1)
})

test('a key that another process made is found', async (t) => {
  const directory = join(temporaryDirectory(t), 'keys')
  const [one, two] = [await load(directory), await load(directory)]
  await one.rotate()
  assert.equal(two.published().keys.length, 1)
  await two.check()
  assert.deepEqual(two.published(), one.published())
})

test('a key that is old enough is followed by another, by itself', async (t) => {
  const directory = join(temporaryDirectory(t), 'keys')
  let nowMs = startMs
  const keys = await load(directory, 'ES256', { keyLifetimeDays: 30 }, () => nowMs)
  for (const [days, count] of [
    [29, 1],
    [30, 2],
    [31, 1],
    [60, 2],
  ] as const) {
    nowMs = startMs + days * 86_400_000
    await keys.check()
    assert.equal(keys.published().keys.length, count, `day ${days}`)
  }
})

test('keys that become unreadable leave those in use in use', async (t) => {
  const directory = join(temporaryDirectory(t), 'keys')
  const keys = await load(directory)
  const { kid } = keys.current()
  writeFileSync(join(directory, 'broken.pem'), 'hello', { mode: 0o600 })
  await keys.check()
  assert.equal(keys.current().kid, kid)
})

test('another algorithm brings a key of its own, and the old one stays published', async (t) => {
  const directory = join(temporaryDirectory(t), 'keys')
  const before = await load(directory, 'ES256')
  const after = await load(directory, 'RS256')
  assert.equal(after.current().kid, before.current().kid, 'until everybody has seen the new one')
  const later = await load(directory, 'RS256', {}, () => startMs + 1000 + publishAheadMs)
  assert.equal(later.current().algorithm, 'RS256')
  assert.deepEqual(
    after.published().keys.map((jwk) => jwk.alg),
    ['ES256', 'RS256'],
  )
})

test('encrypted keys open with their password alone', async (t) => {
  const directory = join(temporaryDirectory(t), 'keys')
  const keys = await load(directory, 'ES256', { password: 'right' })
  const [name = ''] = readdirSync(directory)
  assert.match(readFileSync(join(directory, name), 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
  const again = await load(directory, 'ES256', { password: 'right' })
  assert.equal(again.current().kid, keys.current().kid)
  await assert.rejects(load(directory, 'ES256', { password: 'wrong' }), /keysPassword does not open/)
  await assert.rejects(load(directory), /is encrypted: keysPassword opens it/)
  const plain = join(temporaryDirectory(t), 'keys')
  await load(plain)
  await assert.rejects(load(plain, 'ES256', { password: 'right' }), /is not encrypted/)
})

const refused: [claim: string, prepare: (directory: string) => void, problem: RegExp][] = [
  ['a key that its group may read', (at) => write(join(at, '1.pem'), ec(), 0o640), /chmod 600/],
  ['a key that anybody may read', (at) => write(join(at, '1.pem'), ec(), 0o604), /chmod 600/],
  [
    'a curve that ES256 does not use',
    (at) => write(join(at, '1.pem'), p384()),
    /no PKCS#8 private key for ES256 or RS256 or PS256/,
  ],
  [
    'a file that holds no key',
    (at) => writeFileSync(join(at, '1.pem'), 'hello', { mode: 0o600 }),
    /no PKCS#8/,
  ],
  ['a key in another form', writeSec1, /no PKCS#8/],
  ['a short RSA key', (at) => write(join(at, '1.pem'), rsa(1024)), /1\.pem/],
  ['one file past the limit', writeMany, /at most 100 key files/],
]

function p384(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
}

function rsa(modulusLength: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey
}

function writeSec1(directory: string): void {
  writeFileSync(join(directory, '1.pem'), ec().export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
}

function writeMany(directory: string): void {
  for (let index = 0; index <= keyFilesMax; index++) writeFileSync(join(directory, `${index}.pem`), '')
}

for (const [claim, prepare, problem] of refused) {
  test(`refuses ${claim}`, async (t) => {
    const directory = join(temporaryDirectory(t), 'keys')
    mkdirSync(directory)
    prepare(directory)
    await assert.rejects(load(directory), (error: Error) => {
      assert.equal(error.name, 'ConfigError')
      assert.match(error.message, /^keysDirectory: /)
      assert.match(error.message, problem)
      return true
    })
  })
}

test('takes as many files as the limit says', async (t) => {
  const directory = temporaryDirectory(t)
  const key = ec()
  for (let index = 1; index <= keyFilesMax; index++) {
    const year = String(1900 + index)
    write(join(directory, `${year}0102T030405Z-ES256.pem`), key)
  }
  chmodSync(directory, 0o700)
  assert.equal((await load(directory)).published().keys.length, 1, 'all but the last are retired')
})
