import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody, retryAfterMs } from './read-body.ts'

test('a body is read up to its limit, and one byte more is too much', async () => {
  assert.equal((await readBody(new Response('abcd'), 4))?.toString(), 'abcd')
  assert.equal(await readBody(new Response('abcde'), 4), undefined)
  assert.equal((await readBody(new Response(null), 4))?.length, 0)
})

const waits: [value: string | undefined, ms: number][] = [
  [undefined, 0],
  ['7', 7000],
  ['0', 0],
  ['-7', 0],
  ['soon', 0],
  ['Thu, 01 Jan 1970 00:00:09 GMT', 4000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
]
for (const [value, ms] of waits) {
  test(`Retry-After ${value ?? 'absent'} is ${ms} ms`, () => {
    assert.equal(retryAfterMs(new Headers(value === undefined ? {} : { 'retry-after': value }), 5000), ms)
  })
}
