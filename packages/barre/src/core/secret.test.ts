import assert from 'node:assert/strict'
import { format, inspect } from 'node:util'
import { test } from 'node:test'
import { Secret } from './secret.ts'

const value = 'hunter2-hunter2'
const secret = new Secret(value)

const ways: readonly (readonly [string, () => string])[] = [
  // The type as a slip in untyped code would have it.
  ['a template string', () => `${secret as unknown as string}!`],
  ['a list of texts', () => [secret].join()],
  ['JSON', () => JSON.stringify({ secret })],
  ['the inspector', () => inspect({ secret }, { depth: 9, showHidden: true })],
  ['format %s', () => format('%s', secret)],
  ['format %o', () => format('%o', secret)],
  ['format %j', () => format('%j', secret)],
  ['an error message', () => String(new Error(String(secret)))],
  ['its own members', () => JSON.stringify(Object.getOwnPropertyDescriptors(secret))],
  ['a structured clone', () => inspect(structuredClone(secret), { showHidden: true })],
]
for (const [name, print] of ways) {
  test(`never shows in ${name}`, () => assert.equal(print().includes(value), false))
}

test('reveals itself when asked by name', () => assert.equal(secret.reveal(), value))
