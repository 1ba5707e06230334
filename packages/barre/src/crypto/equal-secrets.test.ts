import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalSecrets } from './equal-secrets.ts'

const cases: readonly (readonly [string | Uint8Array, string | Uint8Array, boolean])[] = [
  ['', '', true],
  ['secret', 'secret', true],
  ['secret', 'Secret', false],
  ['secret', 'secret ', false],
  ['secret', 'secre', false],
  ['', 'secret', false],
  ['é', Buffer.from('é'), true],
  [Buffer.of(1, 2), Buffer.of(1, 2), true],
  [Buffer.of(1, 2), Buffer.of(1, 3), false],
]
test('two secrets are equal when their bytes are', () => {
  for (const [one, other, expected] of cases) {
    assert.equal(equalSecrets(one, other), expected)
    assert.equal(equalSecrets(other, one), expected)
  }
})
