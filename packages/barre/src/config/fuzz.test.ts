import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findingsOf, nothing } from '../../test/fuzz.ts'
import { fuzzConfigTexts, fuzzToml } from './test/fuzz-config.ts'

test('a changed TOML file is read, or refused with a ConfigError', async () => {
  assert.deepEqual(findingsOf(await fuzzToml(2000, 1)), nothing)
})

test('a changed key, encrypted value or word is read as what it says, or refused with a ConfigError', async () => {
  assert.deepEqual(findingsOf(await fuzzConfigTexts(8000, 1)), nothing)
})
