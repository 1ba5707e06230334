import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sensitive, Tainted, Untainted } from './index.ts'
import { untaint } from './index.ts'

test('untaint returns the very value it is given', () => {
  const value = { id: 'S_1' }
  assert.equal(untaint(value), value)
  assert.equal(untaint<'sql'>('S_1'), 'S_1')
})

test('the marker types are the types they mark', () => {
  const tainted: Tainted<string> = 'a'
  const sensitive: Sensitive<string, 'sql'> = tainted
  const untainted: Untainted<string> = sensitive
  const plain: string = untainted
  assert.equal(plain, 'a')
})
