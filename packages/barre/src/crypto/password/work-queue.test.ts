import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passwordQueueMax, queuePasswordWork } from './password-work.ts'
import { WorkQueue } from './work-queue.ts'

function job(): {
  readonly run: () => Promise<string>
  readonly started: () => boolean
  readonly end: () => void
} {
  const { promise, resolve } = Promise.withResolvers<string>()
  let hasStarted = false
  return {
    run() {
      hasStarted = true
      return promise
    },
    started: () => hasStarted,
    end: () => resolve('done'),
  }
}

test('runs as many jobs at once as it may, lets the others wait in order, and takes no more', async () => {
  const queue = new WorkQueue(2, 2)
  const jobs = Array.from({ length: 5 }, job)
  const outcomes = jobs.map(({ run }) => queue.run(run))
  assert.deepEqual(
    jobs.map(({ started }) => started()),
    [true, true, false, false, false],
  )
  assert.equal(outcomes[4], undefined)
  jobs[0]?.end()
  assert.equal(await outcomes[0], 'done')
  assert.deepEqual(
    jobs.map(({ started }) => started()),
    [true, true, true, false, false],
  )
  for (const { end } of jobs) end()
  assert.deepEqual(await Promise.all(outcomes.map(async (outcome) => outcome)), [
    'done',
    'done',
    'done',
    'done',
    undefined,
  ])
})

test('a job that fails gives its place free', async () => {
  const queue = new WorkQueue(1, 1)
  const failing = queue.run(() => Promise.reject(new Error('bug')))
  const next = queue.run(() => Promise.resolve('done'))
  await assert.rejects(Promise.resolve(failing), /bug/)
  assert.equal(await next, 'done')
  assert.equal(await queue.run(() => Promise.resolve('again')), 'again')
})

test('a newcomer does not overtake those who wait', async () => {
  const queue = new WorkQueue(1, 2)
  const order: string[] = []
  const note = (name: string) => () => Promise.resolve(void order.push(name))
  const first = queue.run(note('first'))
  const second = queue.run(note('second'))
  await first
  await Promise.all([queue.run(note('third')), second])
  assert.deepEqual(order, ['first', 'second', 'third'])
})

test('password work is bounded', () => {
  assert.equal(passwordQueueMax, 256)
  assert.ok(queuePasswordWork(() => Promise.resolve('done')) instanceof Promise)
})
