import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorizationMaxBytes, parseAuthorization, readAuthorization } from './authorization.ts'
import type { Call } from './call.ts'

const accepted: readonly (readonly [string, string, string])[] = [
  ['Bearer abc', 'Bearer', 'abc'],
  ['bearer a.b.c', 'bearer', 'a.b.c'],
  ['Basic dG9tOjEyMw==', 'Basic', 'dG9tOjEyMw=='],
  ['X-Own a-._~+/', 'X-Own', 'a-._~+/'],
]
const refused: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a scheme alone', 'Bearer'],
  ['an empty token', 'Bearer '],
  ['two spaces', 'Bearer  abc'],
  ['a tab', 'Bearer\tabc'],
  ['a space before', ' Bearer abc'],
  ['a space after', 'Bearer abc '],
  ['a line break after', 'Bearer abc\n'],
  ['two tokens', 'Bearer abc def'],
  ['two joined values', 'Bearer abc, Basic def'],
  ['padding inside', 'Bearer a=b'],
  ['padding alone', 'Bearer =='],
  ['a quote', 'Bearer "abc"'],
  ['no ASCII', 'Bearer äbc'],
  ['a scheme that starts with a digit', '1Bearer abc'],
]

test('splits a scheme and its token68', () => {
  for (const [value, scheme, token] of accepted)
    assert.deepEqual(parseAuthorization(value), { scheme, token })
})

for (const [name, value] of refused) {
  test(`finds no credential in ${name}`, () => assert.equal(parseAuthorization(value), undefined))
}

test('looks at a value of the largest size, and at none one byte longer', () => {
  const largest = `Bearer ${'a'.repeat(authorizationMaxBytes - 'Bearer '.length)}`
  assert.equal(parseAuthorization(largest)?.scheme, 'Bearer')
  assert.equal(parseAuthorization(`${largest}a`), undefined)
  assert.deepEqual(codeOf(`${largest}a`), 'malformed')
})

const readings: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ['abstains without a value', [], undefined],
  ['abstains for another scheme', ['Basic abc'], undefined],
  ['abstains for a scheme that only starts alike', ['Bearers abc'], undefined],
  ['abstains for something broken of another scheme', ['Basic'], undefined],
  ['reads its own scheme', ['Bearer abc'], 'abc'],
  ['reads it in any case', ['bEARER abc'], 'abc'],
  ['refuses its own scheme alone', ['Bearer'], 'malformed'],
  ['refuses a broken token of its scheme', ['bearer a b'], 'malformed'],
  ['refuses two values', ['Bearer abc', 'Bearer abc'], 'malformed'],
]
for (const [name, values, expected] of readings) {
  test(name, () => assert.equal(codeOf(...values), expected))
}

function codeOf(...values: readonly string[]): string | undefined {
  const call: Call = {
    method: 'GET',
    target: '/',
    signal: AbortSignal.abort(),
    peer: { encrypted: true },
    metadata: (name) => (name === 'authorization' ? values : []),
  }
  const read = readAuthorization(call, 'Bearer')
  return read?.ok === false ? read.denial.code : read?.value
}
