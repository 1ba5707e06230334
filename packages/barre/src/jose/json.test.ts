import { test } from 'node:test'
import assert from 'node:assert/strict'
import { jsonMaxBytes, jsonMaxDepth, parseJsonObject } from './json.ts'

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
const sized = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`

const refused: readonly (readonly [string, string | Buffer])[] = [
  ['a duplicate member', '{"a":1,"a":1}'],
  ['a duplicate member in a nested object', '{"a":{"b":1,"b":2}}'],
  ['a duplicate member in a list', '{"a":[{"b":1,"b":2}]}'],
  ['a duplicate member behind an escape', '{"a":1,"\\u0061":2}'],
  ['a duplicate member whose name ends in a backslash', '{"a\\\\":1,"a\\\\":2}'],
  ['a duplicate __proto__', '{"__proto__":1,"__proto__":2}'],
  ['a list', '[]'],
  ['text', '"a"'],
  ['null', 'null'],
  ['nothing', ''],
  ['a trailing comma', '{"a":1,}'],
  ['text after the object', '{"a":1}x'],
  ['a BOM', '\uFEFF{}'],
  ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['an overlong UTF-8 sequence', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
  ['a lone surrogate in a value', '{"a":"\\ud800"}'],
  ['a lone surrogate in a name', '{"\\udfff":1}'],
  ['NaN', '{"a":NaN}'],
  ['a number beyond a double', '{"a":1e400}'],
  ['one level too many', nested(jsonMaxDepth + 1)],
  ['one byte too many', sized(jsonMaxBytes + 1)],
]

for (const [what, text] of refused) {
  test(`refuses JSON with ${what}`, () => {
    const result = parseJsonObject(Buffer.from(text as string), 'the text')
    assert.equal(!result.ok && result.denial.code, 'invalid')
  })
}

const accepted: readonly (readonly [string, string])[] = [
  ['colons, quotes and backslashes in texts', '{"a:\\"b\\\\":":\\":","c":["\\\\",":"]}'],
  ['the same name in different objects', '{"a":{"a":1},"b":[{"a":1},{"a":1}]}'],
  ['whitespace', ' { "a" : 1 , "b" : [ ] } '],
  ['a surrogate pair', '{"a":"\\ud83d\\ude00"}'],
  ['as many levels as allowed', nested(jsonMaxDepth)],
  ['as many bytes as allowed', sized(jsonMaxBytes)],
]

for (const [what, text] of accepted) {
  test(`reads JSON with ${what}`, () => {
    const result = parseJsonObject(Buffer.from(text), 'the text')
    assert.equal(JSON.stringify(result.ok && result.value), JSON.stringify(JSON.parse(text)))
  })
}

test('gives data that nobody can change and that inherits nothing', () => {
  const result = parseJsonObject(Buffer.from('{"__proto__":{"admin":true},"list":[{}]}'), 'the text')
  assert.ok(result.ok)
  const { value } = result
  assert.equal(Object.getPrototypeOf(value), null)
  assert.equal(value['admin'], undefined)
  assert.deepEqual(Object.keys(value), ['__proto__', 'list'])
  const list = value['list'] as readonly object[]
  assert.ok(Object.isFrozen(value) && Object.isFrozen(list) && Object.isFrozen(list[0]))
})
