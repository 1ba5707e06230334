import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { publicJwk, thumbprint } from 'barre/jose'
import { temporaryDirectory } from '../../test/fixture.ts'
import { keyFilesMax, loadSigningKeys } from './signing-keys.ts'
import type { KeyObject } from 'node:crypto'
import type { SigningAlgorithm, SigningKeys } from './signing-keys.ts'

const clock = { now: () => Date.UTC(2030, 0, 2, 3, 4, 5) }

function load(directory: string, algorithm: SigningAlgorithm = 'ES256'): Promise<SigningKeys> {
  return loadSigningKeys(directory, algorithm, clock, 'keysDirectory')
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

for (const algorithm of ['ES256', 'RS256'] as const) {
  test(`a ${algorithm} key is named by its thumbprint and published without its private part`, async (t) => {
    const keys = await load(join(temporaryDirectory(t), 'keys'), algorithm)
    const [jwk, ...others] = keys.published()
    assert.deepEqual(others, [])
    assert.equal(keys.current().kid, thumbprint(publicJwk(keys.current())))
    assert.deepEqual([jwk!.kid, jwk!.alg, jwk!.use], [keys.current().kid, algorithm, 'sig'])
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(secret in jwk!, false, secret)
  })
}

test('of several keys the one whose file sorts last signs, and all are published', async (t) => {
  const directory = temporaryDirectory(t)
  const [old, young] = [ec(), ec()]
  write(join(directory, '1.pem'), old)
  write(join(directory, '2.pem'), young)
  const keys = await load(directory)
  assert.equal(keys.published().length, 2)
  assert.equal(keys.current().kid, keys.published()[1]!.kid)
})

test('another algorithm brings a key of its own, and the old one stays published', async (t) => {
  const directory = join(temporaryDirectory(t), 'keys')
  const before = await load(directory, 'ES256')
  const after = await load(directory, 'RS256')
  assert.equal(after.current().algorithm, 'RS256')
  assert.deepEqual(
    after.published().map((jwk) => jwk.alg),
    ['ES256', 'RS256'],
  )
  assert.equal(after.published()[0]!.kid, before.current().kid)
})

const refused: [claim: string, prepare: (directory: string) => void, problem: RegExp][] = [
  ['a key that its group may read', (at) => write(join(at, '1.pem'), ec(), 0o640), /chmod 600/],
  ['a key that anybody may read', (at) => write(join(at, '1.pem'), ec(), 0o604), /chmod 600/],
  [
    'a curve that ES256 does not use',
    (at) => write(join(at, '1.pem'), p384()),
    /no PKCS#8 private key for ES256 or RS256/,
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
  for (let index = 0; index < keyFilesMax; index++) write(join(directory, `${index}.pem`), key)
  chmodSync(directory, 0o700)
  assert.equal((await load(directory)).published().length, keyFilesMax)
})
