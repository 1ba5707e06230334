import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breakerLimits, CircuitBreaker } from './circuit-breaker.ts'

const { failures, minMs, maxMs, trialMs, retryAfterMaxMs } = breakerLimits

function broken(times: number): CircuitBreaker {
  const breaker = new CircuitBreaker(() => 1)
  for (let time = 0; time < times; time++) breaker.failed(0)
  return breaker
}

const waits: [claim: string, breaker: CircuitBreaker, waitMs: number][] = [
  ['does not wait at first', broken(0), 0],
  ['does not wait one failure before the limit', broken(failures - 1), 0],
  ['waits at the limit', broken(failures), minMs],
  ['waits twice as long after each failure', broken(failures + 2), minMs * 4],
  ['waits no longer than the longest wait', broken(1000), maxMs],
]
for (const [claim, breaker, waitMs] of waits) {
  test(claim, () => assert.equal(breaker.enter(0), waitMs))
}

test('one call tries again, while the others wait for its outcome', () => {
  const breaker = broken(failures)
  assert.deepEqual([breaker.enter(minMs), breaker.enter(minMs)], [0, trialMs])
  breaker.succeeded()
  assert.deepEqual([breaker.enter(minMs), breaker.enter(minMs)], [0, 0])
})

test('a trial whose outcome is never reported does not close it for ever', () => {
  const breaker = broken(failures)
  breaker.enter(minMs)
  assert.equal(breaker.enter(minMs + trialMs), 0)
})

test('waits as long as the endpoint asks for, within bounds', () => {
  const breaker = broken(0)
  breaker.failed(0, 7000)
  assert.equal(breaker.enter(0), 7000)
  breaker.failed(0, 10 * retryAfterMaxMs)
  assert.equal(breaker.enter(0), retryAfterMaxMs)
})

test('chance halves a wait at most', () => {
  const breaker = new CircuitBreaker(() => 0)
  for (let time = 0; time < failures; time++) breaker.failed(0)
  assert.equal(breaker.waitMs(0), minMs / 2)
})

test('a clock that was set back does not lengthen a wait', () => {
  const breaker = new CircuitBreaker(() => 1)
  for (let time = 0; time < failures; time++) breaker.failed(10 * retryAfterMaxMs)
  assert.equal(breaker.enter(0), 0)
})
