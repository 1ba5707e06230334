import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBelow, parseName, toNameKey } from './distinguished-name.ts'

const alike: readonly (readonly [string, string])[] = [
  ['uid=alice,dc=example,dc=com', 'UID=Alice, DC=example,dc=COM'],
  ['cn=a b,dc=x', 'cn=a   b ,dc=x'],
  ['cn=a\\,b,dc=x', 'cn=a\\2Cb,dc=x'],
  ['cn=a\\2cb,dc=x', 'cn=a\\2Cb,dc=x'],
  ['cn=é,dc=x', 'cn=\\C3\\A9,dc=x'],
  ['cn=a+uid=b,dc=x', 'uid=b+cn=a,dc=x'],
  ['2.5.4.3=a,dc=x', '2.5.4.3=A,dc=x'],
]
for (const [one, other] of alike) {
  test(`${one} is ${other}`, () => {
    assert.notEqual(parseName(one), undefined)
    assert.equal(toNameKey(one), toNameKey(other))
  })
}

const different: readonly (readonly [string, string])[] = [
  ['cn=a,cn=b', 'cn=a+cn=b'],
  ['cn=a\\,cn=b', 'cn=a,cn=b'],
  ['cn=a', 'uid=a'],
  ['cn=a,dc=x', 'cn=a'],
]
for (const [one, other] of different) {
  test(`${one} is not ${other}`, () => assert.notEqual(toNameKey(one), toNameKey(other)))
}

for (const name of [
  'alice',
  'uid=alice,',
  ',uid=alice',
  'uid=a,,dc=x',
  'uid=a+',
  '=a',
  'uid=a"b',
  'uid=a\\',
  'uid=a;dc=x',
  'u id=a',
]) {
  test(`${name} is no name`, () => assert.equal(parseName(name), undefined))
}

const places: readonly (readonly [string, string, boolean])[] = [
  ['cn=a,ou=Groups,dc=x', 'ou=groups,dc=x', true],
  ['ou=Groups,dc=x', 'ou=Groups,dc=x', true],
  ['cn=a,ou=b,ou=Groups,dc=x', 'ou=Groups,dc=x', true],
  ['cn=a,ou=Others,dc=x', 'ou=Groups,dc=x', false],
  ['cn=a\\,ou=Groups,dc=x', 'ou=Groups,dc=x', false],
  ['dc=x', 'ou=Groups,dc=x', false],
  ['nonsense', 'ou=Groups,dc=x', false],
]
for (const [name, base, expected] of places) {
  test(`${name} is ${expected ? '' : 'not '}below ${base}`, () =>
    assert.equal(isBelow(name, [base]), expected))
}
