import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findingsOf, nothing } from '../../test/fuzz.ts'
import { readBasic } from './basic-credential.ts'
import { fuzzBasic } from '../../test/fuzz-basic.ts'

test('a changed Basic credential is read as a second reader reads it, or refused by both', async () => {
  assert.deepEqual(findingsOf(await fuzzBasic(readBasic)(20_000, 1)), nothing)
})
