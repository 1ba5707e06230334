import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzGroups, fuzzJose } from '../../test/fuzz-jose.ts'

for (const group of Object.keys(fuzzGroups) as (keyof typeof fuzzGroups)[]) {
  test(`${group}: nothing changed is accepted, and nothing more than refused`, async () => {
    assert.deepEqual(await fuzzJose(group, 5000, 1), [])
  })
}
