import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findingsOf, nothing } from '../../test/fuzz.ts'
import { fuzzJose, fuzzPasswordJwe, passwordRoundsMin } from '../../test/fuzz-jose.ts'
import { fuzzJwk } from '../../test/fuzz-jwk.ts'
import type { Fuzz } from '../../test/fuzz.ts'

const rows: readonly (readonly [name: string, fuzz: Fuzz, count: number])[] = [
  ...Object.entries(fuzzJose).map(([name, fuzz]) => [name, fuzz, 5000] as const),
  ['JWE under a password', fuzzPasswordJwe(passwordRoundsMin), 1000],
  ['JWK', fuzzJwk, 4000],
]
for (const [name, fuzz, count] of rows) {
  test(`${name}: nothing changed is accepted as what it is not, and nothing more than refused`, async () => {
    assert.deepEqual(findingsOf(await fuzz(count, 1)), nothing)
  })
}
