import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzJose } from '../../test/fuzz-jose.ts'

test('no changed token is accepted, and no changed token or key is more than refused', async () => {
  assert.deepEqual(await fuzzJose(20_000, 1), [])
})
