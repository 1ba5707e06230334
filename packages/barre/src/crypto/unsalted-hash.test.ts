import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { sharedTest } from '../../../../tools/shared.ts'
import { parseUnsaltedHash, verifyUnsaltedHash } from './unsalted-hash.ts'

const digest = (algorithm: string): string => createHash(algorithm).update('xxx').digest('hex')

for (const algorithm of ['sha256', 'sha384', 'sha512']) {
  for (const hex of [digest(algorithm), digest(algorithm).toUpperCase()]) {
    test(`@${algorithm}:{${hex.slice(0, 6)}...} is of its own password alone`, () => {
      const hash = parseUnsaltedHash(`@${algorithm}:{${hex}}`)
      assert.ok(hash !== undefined)
      assert.equal(verifyUnsaltedHash('xxx', hash), true)
      assert.equal(verifyUnsaltedHash('xx', hash), false)
    })
  }
}

const unreadable: readonly (readonly [string, string])[] = [
  ['plain text', 'xxx'],
  ['another algorithm', `@md5:{${createHash('md5').update('xxx').digest('hex')}}`],
  ['a digest that is cut', `@sha256:{${digest('sha256').slice(1)}}`],
  ['a digest of another algorithm', `@sha512:{${digest('sha256')}}`],
  ['letters that are no hex', `@sha256:{${'g'.repeat(64)}}`],
  ['no brace at the end', `@sha256:{${digest('sha256')}`],
  ['a line break', `@sha256:{${digest('sha256')}}\n`],
]
for (const [name, stored] of unreadable) {
  test(`does not read ${name}`, () => assert.equal(parseUnsaltedHash(stored), undefined))
}

const userStore = 'ballerina-lang-0.990.4/stdlib/auth/src/test/resources/datafiles/config/authprovider'
sharedTest("the hashes of Ballerina's own user store are of xxx", ['ballerina', userStore], (folder) => {
  const source = readFileSync(`${folder}/ballerina.conf`, 'utf8')
  const stored = [...source.matchAll(/@sha\d+:\{\w+\}/g)].map(([text]) => parseUnsaltedHash(text))
  assert.deepEqual(
    stored.map((hash) => hash !== undefined && verifyUnsaltedHash('xxx', hash)),
    [true, true, true],
  )
})
