import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNumbers } from '../../../../test/mutate.ts'
import { ReplayWindow, windowSize } from './replay-window.ts'

test('the newest and 63 behind it come in, once each', () => {
  const window = new ReplayWindow()
  const newest = 1000
  window.accept(newest)
  assert.equal(window.isFresh(newest), false)
  assert.equal(window.isFresh(newest - windowSize), false)
  for (let back = windowSize - 1; back > 0; back--) {
    assert.equal(window.isFresh(newest - back), true)
    window.accept(newest - back)
    assert.equal(window.isFresh(newest - back), false)
  }
  assert.equal(window.isFresh(newest + 1), true)
})

test('the first record of all comes in', () => {
  const window = new ReplayWindow()
  assert.equal(window.isFresh(0), true)
  window.accept(0)
  assert.equal(window.isFresh(0), false)
})

test('whatever the order, no number comes in twice, and none of the window is shut out', () => {
  const numbers = createNumbers(1)
  const window = new ReplayWindow()
  const seen = new Set<number>()
  let newest = -1
  for (let round = 0; round < 20_000; round++) {
    const sequence = Math.max(0, newest - 80 + numbers(90))
    const isFresh = !seen.has(sequence) && sequence > newest - windowSize
    assert.equal(window.isFresh(sequence), isFresh, `${sequence} after ${newest}`)
    if (!isFresh) continue
    window.accept(sequence)
    seen.add(sequence)
    newest = Math.max(newest, sequence)
  }
})
