import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGuarded } from '../../../test/guarded-server.ts'
import type { ProtectOptions } from '../../../test/guarded-server.ts'

const badTables: readonly (readonly [row: string, demand: unknown])[] = [
  ['/order', false],
  ['get /order', false],
  ['FETCH /order', false],
  ['GET order', false],
  ['GET /a//b', false],
  ['GET /a/../b', false],
  ['GET /a%20b', false],
  ['GET /:', false],
  ['GET /:a/:a', false],
  ['GET /order', { scopes: [] }],
  ['GET /order', {}],
]

for (const [row, demand] of badTables) {
  test(`resources: ${row} with ${JSON.stringify(demand)} is a start error`, () => {
    const table = { [row]: demand } as ProtectOptions['resources']
    assert.throws(() => createGuarded({ resources: table }), { code: 'config', message: /^resources\["/ })
  })
}

test('two rows that differ in a name only are a start error', () => {
  assert.throws(() => createGuarded({ resources: { 'GET /a/:x': false, 'GET /a/:y': true } }), {
    code: 'config',
  })
})
