import { test } from 'node:test'
import assert from 'node:assert/strict'
import { decodeBase64url, encodeBase64url } from './base64url.ts'

const refused = [
  ['padding', 'QQ=='],
  ['stray bits in a two-character tail', 'QR'],
  ['stray bits in a three-character tail', 'QUJ'],
  ['a single character', 'Q'],
  ['a space', 'QU I'],
  ['a line break at the end', 'QUI\n'],
  ['the alphabet of base64', '+/+/'],
  ['a foreign character', 'QU!I'],
  ['a letter beyond ASCII', 'QUIÄ'],
] as const

for (const [what, text] of refused) {
  test(`refuses base64url with ${what}`, () => assert.equal(decodeBase64url(text), undefined))
}

test('reads what it writes, at every length of the tail', () => {
  for (const text of ['', 'a', 'ab', 'abc', 'abcd', 'é€😀', '\u0000\u00FF']) {
    assert.equal(decodeBase64url(encodeBase64url(text))?.toString(), text)
  }
})
