import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delayToNextFetchMs, freshnessOf, isCooledDown, isUsable, toKeyLife } from './refresh-plan.ts'
import type { Freshness } from './refresh-plan.ts'

const minute = 60_000
const life = toKeyLife()
const start = 1_000_000_000_000

const ages: [claim: string, ageMs: number, freshness: Freshness][] = [
  ['a new set is fresh', 0, 'fresh'],
  ['a set is fresh to the last millisecond of ten minutes', 10 * minute - 1, 'fresh'],
  ['a set is due after ten minutes', 10 * minute, 'due'],
  ['a set is due to the last millisecond of an hour', 60 * minute - 1, 'due'],
  ['a set is stale after an hour', 60 * minute, 'stale'],
  ['a set is stale to the last millisecond of two hours', 120 * minute - 1, 'stale'],
  ['a set is gone after two hours', 120 * minute, 'none'],
  ['a clock set back makes a set due, not fresh for longer', -1, 'due'],
]

for (const [claim, ageMs, freshness] of ages) {
  test(claim, () => {
    assert.equal(freshnessOf({ fetchedAtMs: start, failures: 0 }, life, start + ageMs), freshness)
  })
}

test('stale keys serve only while fetching fails', () => {
  const at = start + 90 * minute
  assert.equal(isUsable({ fetchedAtMs: start, failures: 0 }, life, at), false)
  assert.equal(isUsable({ fetchedAtMs: start, failures: 1 }, life, at), true)
  assert.equal(isUsable({ failures: 1 }, life, at), false)
})

const waits: [claim: string, attemptedAtMs: number | undefined, may: boolean][] = [
  ['the first call may ask', undefined, true],
  ['nobody may ask within thirty seconds', start - 29_999, false],
  ['a call may ask after thirty seconds', start - 30_000, true],
  ['a clock set back by minutes does not hold calls off', start + 30_000, true],
]

for (const [claim, attemptedAtMs, may] of waits) {
  test(claim, () => {
    const history = { failures: 0, ...(attemptedAtMs !== undefined && { attemptedAtMs }) }
    assert.equal(isCooledDown(history, start), may)
  })
}

const delays: [claim: string, failures: number, random: number, delayMs: number][] = [
  ['the next fetch comes before the set is due', 0, 0, 9 * minute],
  ['and at the latest when it is', 0, 1, 10 * minute],
  ['the first retry comes within a second', 1, 1, 1000],
  ['jitter at most halves the wait', 1, 0, 500],
  ['retries back off by doubling', 5, 1, 16_000],
  ['retries come at least every five minutes', 10, 1, 5 * minute],
  ['a thousand failures do not overflow', 1000, 1, 5 * minute],
]

for (const [claim, failures, random, delayMs] of delays) {
  test(claim, () => assert.equal(delayToNextFetchMs({ failures }, life, random), delayMs))
}

test('defaultMaxAge moves the hard end, and the soft one where it would come later', () => {
  assert.deepEqual(toKeyLife(-1), life)
  assert.deepEqual(toKeyLife(60), { softMs: 30_000, hardMs: minute })
  assert.deepEqual(toKeyLife(86_400), { softMs: 10 * minute, hardMs: 1440 * minute })
})
