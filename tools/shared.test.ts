import { test } from 'node:test'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { isRequired } from './require.ts'
import { sharedData, sharedDataIn, sharedTest } from './shared.ts'

const absent = join(import.meta.dirname, 'no-such-folder')
const here = import.meta.dirname

test('gives nothing on a machine without the data', () => {
  assert.equal(sharedDataIn({ folder: absent, required: false }, ['jose']), undefined)
})

test('fails on a machine without the data where it is required', () => {
  assert.throws(() => sharedDataIn({ folder: absent, required: true }, ['jose']), /BARRE_REQUIRE/)
})

test('gives the path of a file that is there', () => {
  assert.equal(sharedDataIn({ folder: here, required: false }, ['shared.ts']), join(here, 'shared.ts'))
})

test('fails on a path that the data does not have', () => {
  assert.throws(() => sharedDataIn({ folder: here, required: false }, ['jose', 'gone']), /has no jose\/gone/)
})

test('reads BARRE_REQUIRE as a comma list', () => {
  assert.deepEqual(
    ['', 'servers', 'shared', 'servers,shared'].map((list) => isRequired('shared', list)),
    [false, false, true, true],
  )
})

sharedTest('hands the test a path of the data', ['jose'], (path) => {
  assert.equal(path, sharedData('jose'))
})
