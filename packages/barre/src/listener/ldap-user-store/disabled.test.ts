import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDisabled } from './disabled.ts'

for (const [claim, attribute, value, expected] of [
  ['OpenLDAP: by an administrator', 'pwdAccountLockedTime', '000001010000Z', true],
  ['OpenLDAP: for a while, after wrong passwords', 'pwdAccountLockedTime', '20300101000000Z', false],
  ['389 Directory Server', 'nsAccountLock', 'TRUE', true],
  ['389 Directory Server: not', 'nsAccountLock', 'false', false],
  ['Active Directory', 'userAccountControl', '514', true],
  ['Active Directory: not', 'userAccountControl', '512', false],
  ['no such attribute', 'mail', 'true', false],
] as const) {
  test(`disabled, ${claim}: ${expected}`, () => {
    const user = { name: 'uid=alice', values: (name: string) => (name === attribute ? [value] : []) }
    assert.equal(isDisabled(user), expected)
  })
}
