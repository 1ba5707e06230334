import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encode } from './percent-encoding.ts'
import type { Charset } from './percent-encoding.ts'

// Ballerina's own examples first.
const pairs: readonly (readonly [text: string, encoded: string, charset?: Charset])[] = [
  ['http://localhost:9090', 'http%3A%2F%2Flocalhost%3A9090'],
  ['data=value', 'data%3Dvalue'],
  ['', ''],
  ['abc-_.~XYZ019', 'abc-_.~XYZ019'],
  ['a b+c*d', 'a%20b%2Bc%2Ad'],
  ["!'()%&/\\", '%21%27%28%29%25%26%2F%5C'],
  ['ä€😀', '%C3%A4%E2%82%AC%F0%9F%98%80'],
  ['\uFEFFx', '%EF%BB%BFx'],
  ['ä', '%E4', 'ISO-8859-1'],
  ['a/b', 'a%2Fb', 'US-ASCII'],
  ['ä€', '%00%E4%20%AC', 'UTF-16BE'],
  ['ä€', '%E4%00%AC%20', 'UTF-16LE'],
]
for (const [text, encoded, charset] of pairs) {
  const options = charset === undefined ? {} : { charset }
  test(`${JSON.stringify(text)} is ${encoded} in ${charset ?? 'UTF-8'}, and back`, () => {
    assert.deepEqual(encode(text, options), { ok: true, value: encoded })
    assert.deepEqual(decode(encoded, options), { ok: true, value: text })
  })
}

test('agrees with encodeURIComponent where that encodes', () => {
  for (let code = 0; code < 0x3000; code++) {
    const text = String.fromCodePoint(code)
    const expected = encodeURIComponent(text).replaceAll(
      /[!'()*]/g,
      (character) => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`,
    )
    assert.deepEqual(encode(text), { ok: true, value: expected })
  }
})

test('decodes a plus sign to a space, and small hexadecimal digits', () => {
  assert.deepEqual(decode('a+b%2bc'), { ok: true, value: 'a b+c' })
  assert.deepEqual(encode('a', { charset: 'utf-8' as Charset }), { ok: true, value: 'a' })
})

const refused: readonly (readonly [name: string, result: ReturnType<typeof encode>])[] = [
  ['an unknown charset to encode', encode('a', { charset: 'abc' as Charset })],
  ['an unknown charset to decode', decode('a', { charset: 'abc' as Charset })],
  ['a charset named like a property of every object', decode('a', { charset: 'constructor' as Charset })],
  ['half a character', encode('\uD800')],
  ['a euro sign in ISO-8859-1', encode('€', { charset: 'ISO-8859-1' })],
  ['an umlaut in US-ASCII', encode('ä', { charset: 'US-ASCII' })],
  ['a percent sign alone', decode('100%')],
  ['one hexadecimal digit', decode('%4')],
  ['letters that are no digits', decode('%zz')],
  ['bytes that are not UTF-8', decode('%ff')],
  ['an overlong UTF-8 form', decode('%c0%af')],
  ['a byte that is not US-ASCII', decode('%80', { charset: 'US-ASCII' })],
  ['half of UTF-16', decode('%00', { charset: 'UTF-16BE' })],
]
for (const [name, result] of refused) {
  test(`refuses ${name}`, () => assert.equal(!result.ok && result.denial.code, 'malformed'))
}
