import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fragment } from './handshake-message.ts'
import { aheadMax, bufferedMaxBytes, messageMaxBytes, Reassembly } from './reassembly.ts'

const part = (sequence: number, offset: number, text: string, length: number): Fragment => ({
  name: 'certificate',
  sequence,
  offset,
  length,
  body: Buffer.from(text),
})

function feed(...fragments: readonly Fragment[]): readonly string[] {
  const reassembly = new Reassembly(0)
  return fragments.flatMap((fragment) => reassembly.add(fragment)).map(({ body }) => body.toString())
}

test('fragments make a message in any order, doubled and overlapping', () => {
  assert.deepEqual(
    feed(part(0, 4, 'ef', 6), part(0, 0, 'abc', 6), part(0, 0, 'abc', 6), part(0, 2, 'cde', 6)),
    ['abcdef'],
  )
})

test('what is there already is not written over', () => {
  assert.deepEqual(feed(part(0, 0, 'ab', 4), part(0, 0, 'xxcd', 4)), ['abcd'])
})

test('messages come in their order', () => {
  assert.deepEqual(feed(part(1, 0, 'two', 3), part(2, 0, '', 0), part(0, 0, 'one', 3)), ['one', 'two', ''])
})

test('a message comes once', () => {
  assert.deepEqual(feed(part(0, 0, 'one', 3), part(0, 0, 'one', 3)), ['one'])
})

test('fragments that speak of another message are dropped', () => {
  const other = { ...part(0, 2, 'cd', 4), name: 'finished' } as const
  assert.deepEqual(feed(part(0, 0, 'ab', 4), part(0, 2, 'cdef', 6), other), [])
})

test('a message may be so long, and no longer', () => {
  for (const [length, count] of [
    [messageMaxBytes, 1],
    [messageMaxBytes + 1, 0],
  ] as const) {
    assert.equal(feed(part(0, 0, 'x'.repeat(length), length)).length, count)
  }
})

test('so many messages may come early, and no more', () => {
  assert.deepEqual(feed(part(aheadMax - 1, 0, 'early', 5), ...range(aheadMax - 1)).at(-1), 'early')
  assert.equal(feed(part(aheadMax, 0, 'early', 5), ...range(aheadMax)).length, aheadMax)
})

test('so many bytes are kept, and no more', () => {
  const half = (sequence: number): Fragment => part(sequence, 0, 'x', bufferedMaxBytes / 2)
  const reassembly = new Reassembly(0)
  reassembly.add(half(1))
  reassembly.add(half(2))
  // No room is left for the first one, until something is whole.
  assert.deepEqual(reassembly.add(part(0, 0, 'x', 1)), [])
})

function range(count: number): readonly Fragment[] {
  return Array.from({ length: count }, (_, index) => part(index, 0, 'x', 1))
}
