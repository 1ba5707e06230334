import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findingsOf, nothing } from '../../../test/fuzz.ts'
import { fuzzKeyFiles, fuzzStores } from './test/fuzz-keys.ts'

test('no changed PKCS#12 store is opened, whatever its rounds', async () => {
  assert.deepEqual(findingsOf(await fuzzStores(1)(4000, 1)), nothing)
  assert.deepEqual(findingsOf(await fuzzStores(1000)(100, 1)), nothing)
})

test('no changed JKS store is opened, and no changed key or certificate is more than refused', async () => {
  assert.deepEqual(findingsOf(await fuzzKeyFiles(4000, 1)), nothing)
})
