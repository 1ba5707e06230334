import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryReplayStore } from './replay-store.ts'

test('a key is new once, until it has ended', () => {
  let nowMs = 0
  const store = new MemoryReplayStore(() => nowMs)
  assert.deepEqual([store.add('a', 10), store.add('a', 10), store.add('b', 10)], [true, false, true])
  nowMs = 9
  assert.equal(store.add('a', 19), false)
  nowMs = 10
  assert.equal(store.add('a', 20), true)
  assert.equal(store.size, 1)
})

test('a full store forgets nothing that has not ended, and says that it cannot tell', () => {
  let nowMs = 5000
  const store = new MemoryReplayStore(() => nowMs, 2)
  store.add('long', 100_000)
  store.add('short', 6000)
  assert.throws(() => store.add('third', 7000), /full: 2 keys/)
  assert.equal(store.add('long', 100_000), false)
  assert.throws(() => store.add('third', 7000), /full/)
  // `short` ends behind a key that does not: only the search finds it.
  nowMs = 6000
  assert.equal(store.add('third', 7000), true)
  assert.equal(store.size, 2)
})

test('a flood costs one search a second, not one a call', () => {
  let nowMs = 5000
  const store = new MemoryReplayStore(() => nowMs, 1)
  store.add('a', 100_000)
  for (let index = 0; index < 1000; index++) assert.throws(() => store.add(`x${index}`, 9000), /full/)
  nowMs = 100_000
  assert.equal(store.add('b', 200_000), true)
})
