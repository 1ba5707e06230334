import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalKey, keyPathMax, parseKeyPath } from './key-path.ts'

const written: readonly (readonly [string, string])[] = [
  ['port', 'port'],
  ['server.http.port', 'server.http.port'],
  ['"server".port', 'server.port'],
  ['"b7a.users.alice".password', 'b7a.users.alice.password'],
  ['hello:sayHello.groups', 'hello:sayHello.groups'],
  ['a/b/r.456/pqr', 'a/b/r.456/pqr'],
  ['users[0].password', 'users[0].password'],
  ['users[username=alice].password', 'users[username=alice].password'],
  ['users[username="alice"].password', 'users[username=alice].password'],
  ['users[username="a b]"].password', 'users[username="a b]"].password'],
  ['matrix[0][12]', 'matrix[0][12]'],
  ['"two words".x', '"two words".x'],
  ['"users[username=alice]".password', '"users[username=alice]".password'],
  ['"".x', '"".x'],
  ['"a.".b', '"a.".b'],
]
for (const [text, canonical] of written) {
  test(`${text} is ${canonical}`, () => {
    assert.equal(canonicalKey(text), canonical)
    assert.equal(canonicalKey(canonical), canonical)
  })
}

const refused = [
  '',
  '.',
  'a.',
  '.a',
  'a..b',
  '[0]',
  'a[',
  'a[]',
  'a[x]',
  'a[x=]',
  'a[0]b',
  'a.[0]',
  'a b',
  'a"b',
  '"a',
  'a=b',
  '"\\x"',
]
for (const text of refused) {
  test(`${JSON.stringify(text)} is no key`, () =>
    assert.throws(() => parseKeyPath(text), { name: 'ConfigError' }))
}

test(`a key has at most ${keyPathMax} characters`, () => {
  assert.equal(canonicalKey('a'.repeat(keyPathMax)).length, keyPathMax)
  assert.throws(() => canonicalKey('a'.repeat(keyPathMax + 1)), { name: 'ConfigError' })
})
