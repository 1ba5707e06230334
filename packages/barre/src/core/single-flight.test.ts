import assert from 'node:assert/strict'
import { test } from 'node:test'
import { singleFlight } from './single-flight.ts'

test('a thousand callers of one key make one call', async () => {
  const once = singleFlight<string, number>()
  let calls = 0
  const work = async (): Promise<number> => ++calls
  const answers = await Promise.all(Array.from({ length: 1000 }, async () => once('key', work)))
  assert.deepEqual([calls, new Set(answers)], [1, new Set([1])])
})

test('different keys do not wait for each other', async () => {
  const once = singleFlight<string, string>()
  const blocked = once('slow', () => new Promise<string>(() => {}))
  assert.equal(await once('fast', async () => 'done'), 'done')
  assert.ok(blocked instanceof Promise)
})

test('a failure reaches those who waited and nobody later', async () => {
  const once = singleFlight<string, string>()
  const [first, second] = await Promise.allSettled([once('key', broken), once('key', broken)])
  assert.deepEqual([first.status, second.status], ['rejected', 'rejected'])
  assert.equal(await once('key', async () => 'up again'), 'up again')
})

test('work that answers at once answers at once', () => {
  const once = singleFlight<string, string>()
  assert.equal(
    once('key', () => 'here'),
    'here',
  )
})

test('the next caller after an answer makes a new call', async () => {
  const once = singleFlight<string, number>()
  let calls = 0
  assert.equal(await once('key', async () => ++calls), 1)
  assert.equal(await once('key', async () => ++calls), 2)
})

async function broken(): Promise<string> {
  throw new Error('down')
}
