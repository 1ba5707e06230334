// Every fault x every dependent: what the caller gets, what is logged, how many requests reached the provider.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dependents } from './dependents.ts'
import { faults } from './faults.ts'
import { readRows, toRow } from './table.ts'
import { tryFault } from './trial.ts'

const rows = readRows()

describe('the README', () => {
  it('has a table for each dependent, and a row for each fault', () => {
    assert.deepEqual([...rows.keys()], Object.keys(dependents))
    for (const own of rows.values()) assert.equal(own.length, Object.keys(faults).length)
  })
})

for (const [name, dependent] of Object.entries(dependents)) {
  // Most of the time is spent waiting.
  describe(`${name}: its provider`, { concurrency: 8 }, () => {
    for (const [index, [fault, kind]] of Object.entries(faults).entries()) {
      it(fault, async () => {
        const outcome = await tryFault(dependent, kind)
        assert.equal(toRow(fault, outcome), rows.get(name)?.[index])
        assert.equal(outcome.recovered, 'ok')
      })
    }
  })
}
