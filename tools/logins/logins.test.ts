import assert from 'node:assert/strict'
import { test } from 'node:test'
import { summarise, welch } from './statistics.ts'

test("Welch's t of a textbook example", () => {
  const one = summarise([
    27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4,
  ])
  const other = summarise([
    27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 31.3,
  ])
  assert.deepEqual([one.mean.toFixed(2), one.median], ['20.82', 21])
  assert.equal(Math.abs(welch(one, other)) > 2.4 && Math.abs(welch(one, other)) < 3.2, true)
  assert.equal(welch(one, one), 0)
})
