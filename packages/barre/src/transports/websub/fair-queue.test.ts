import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FairQueue } from './fair-queue.ts'

function filled(atOnceMax: number, perKeyMax: number, items: string): FairQueue<string> {
  const queue = new FairQueue<string>(atOnceMax, perKeyMax)
  for (const item of items.split(' ')) queue.push(item[0]!, item)
  return queue
}

/** All that may be taken now. */
function takeAll(queue: FairQueue<string>): string {
  const taken: string[] = []
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next.item)
  return taken.join(' ')
}

describe('FairQueue', () => {
  it('lets the keys take turns, each in the order of its items', () => {
    assert.equal(takeAll(filled(9, 9, 'a1 a2 a3 b1 b2 c1')), 'a1 b1 c1 a2 b2 a3')
  })

  it('gives no more of one key than may be worked on, and nobody waits for it', () => {
    const queue = filled(9, 2, 'a1 a2 a3 a4 b1')
    assert.equal(takeAll(queue), 'a1 b1 a2')
    queue.push('b', 'b2')
    assert.equal(takeAll(queue), 'b2')
    queue.done('a')
    assert.equal(takeAll(queue), 'a3')
  })

  it('gives no more of all keys than may be worked on', () => {
    const queue = filled(3, 2, 'a1 a2 b1 b2 c1')
    assert.equal(takeAll(queue), 'a1 b1 c1')
    queue.done('b')
    assert.equal(takeAll(queue), 'a2')
  })

  it('forgets what waits, and what is worked on when it is done', () => {
    const queue = filled(1, 1, 'a1 a2')
    assert.equal(takeAll(queue), 'a1')
    queue.clear()
    queue.done('a')
    assert.equal(takeAll(queue), '')
    queue.push('a', 'a3')
    assert.equal(takeAll(queue), 'a3')
  })
})
