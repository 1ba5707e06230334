import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysMax, rateLimit } from './rate-limit.ts'

test('a minute’s events may come at once, then one by one', () => {
  let nowMs = 0
  const limit = rateLimit(60, { now: () => nowMs })
  for (let count = 0; count < 60; count++) {
    assert.equal(limit.waitSeconds('a'), 0, `event ${count + 1}`)
    limit.count('a')
  }
  assert.equal(limit.waitSeconds('a'), 1)
  assert.equal(limit.waitSeconds('b'), 0, 'another key')
  nowMs += 1000
  assert.equal(limit.waitSeconds('a'), 0)
  limit.count('a')
  assert.equal(limit.waitSeconds('a'), 1)
  nowMs += 60_000
  assert.equal(limit.waitSeconds('a'), 0)
})

test('a clock that is set back lengthens no wait', () => {
  let nowMs = 1_000_000
  const limit = rateLimit(1, { now: () => nowMs })
  limit.count('a')
  nowMs = 0
  assert.equal(limit.waitSeconds('a'), 60)
})

test('of more keys than fit the one that was seen longest ago is forgotten', () => {
  const limit = rateLimit(1, { now: () => 0 })
  for (let key = 0; key < keysMax; key++) limit.count(String(key))
  assert.equal(limit.waitSeconds('0'), 60)
  limit.count('one more')
  assert.equal(limit.waitSeconds('1'), 0)
})
