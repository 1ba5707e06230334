import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pooledMaxBytes, randomOf } from './random.ts'

test('no byte is given out twice, however many are asked for at a time', () => {
  const seen = new Set<string>()
  const sizes = [16, 31, pooledMaxBytes, pooledMaxBytes + 1]
  for (let count = 0; count < 4000; count++) {
    const bytes = randomOf(sizes[count % sizes.length] ?? 16)
    assert.equal(bytes.length, sizes[count % sizes.length])
    for (let at = 0; at + 8 <= bytes.length; at += 8) seen.add(bytes.toString('hex', at, at + 8))
  }
  assert.equal(seen.size, 1000 * (2 + 3 + 8 + 8))
})

test('what was given out does not change with what comes later', () => {
  const first = randomOf(32)
  const copy = Buffer.from(first)
  for (let count = 0; count < 1000; count++) randomOf(32)
  assert.deepEqual(first, copy)
  assert.equal(randomOf(0).length, 0)
})
