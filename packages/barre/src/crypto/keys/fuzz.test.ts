import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzKeys } from './test/fuzz-keys.ts'

test('no changed store is opened, and no changed store, key or certificate is more than refused', async () => {
  assert.deepEqual(await fuzzKeys(4000, 1), [])
})
