import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scopeKeyShape, scopeReader } from './scope-claim.ts'

const cases: [claim: string, scopeKey: string | undefined, claims: unknown, scopes: string[]][] = [
  ['reads text with spaces', undefined, { scope: 'add_order update_order' }, ['add_order', 'update_order']],
  ['reads a list', undefined, { scope: ['add_order', 'update_order'] }, ['add_order', 'update_order']],
  ['takes extra spaces for nothing', undefined, { scope: ' a  b ' }, ['a', 'b']],
  ['does not split the members of a list', undefined, { scope: ['a b'] }, ['a b']],
  ['reads the claim that scopeKey names', 'scp', { scope: 'a', scp: 'b' }, ['b']],
  ['follows a JSON pointer', '/realm_access/roles', { realm_access: { roles: ['a'] } }, ['a']],
  [
    'unescapes a JSON pointer',
    '/https:~1~1x.example~1roles/~0a',
    { 'https://x.example/roles': { '~a': 'a' } },
    ['a'],
  ],
  ['does not follow a name with a slash inside', 'a/b', { a: { b: 'no' }, 'a/b': 'yes' }, ['yes']],
  ['finds none without the claim', undefined, {}, []],
  ['finds none in a number', undefined, { scope: 7 }, []],
  ['finds none in a record', undefined, { scope: { a: true } }, []],
  ['finds none in a list with anything but text', undefined, { scope: ['a', 7] }, []],
  ['finds none in what is inherited', 'constructor', {}, []],
  ['finds none in the prototype', '/__proto__/scope', Object.create({ scope: 'a' }), []],
  ['finds none beyond text', '/scope/length', { scope: 'a' }, []],
  ['finds none in an inherited member below', '/scope/at', { scope: ['a'] }, []],
]

for (const [claim, scopeKey, claims, scopes] of cases) {
  test(claim, () => assert.deepEqual(scopeReader(scopeKey)(claims), scopes))
}

for (const [value, fits] of [
  ['scp', true],
  ['/a/b~1c', true],
  ['a~b', true],
  ['', false],
  ['/a~b', false],
  [7, false],
] as const) {
  test(`scopeKey ${JSON.stringify(value)} is ${fits ? 'accepted' : 'a start error'}`, () => {
    const check = (): string => scopeKeyShape.check(value, 'jwtValidatorConfig.scopeKey')
    if (fits) assert.equal(check(), value)
    else assert.throws(check, { name: 'ConfigError', path: 'jwtValidatorConfig.scopeKey' })
  })
}
