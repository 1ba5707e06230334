import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { schemaFile, schemaText } from './schema.ts'

test('the published schema of `auth` is the one that the registry gives: npm run schema', () => {
  assert.equal(readFileSync(schemaFile, 'utf8'), schemaText())
})
