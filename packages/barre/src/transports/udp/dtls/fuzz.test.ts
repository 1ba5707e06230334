import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findingsOf, nothing } from '../../../../test/fuzz.ts'
import { fuzzDtls } from './test/fuzz-dtls.ts'

test('no changed datagram makes a connection or is heard, and none ends the process', async () => {
  assert.deepEqual(findingsOf(await fuzzDtls(2000, 1)), nothing)
})
