import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as ldap from 'ldapts'
import { ConfigError } from '../../core/index.ts'
import { compileFilter } from './filter-template.ts'

const filled: readonly (readonly [string, string, string, string])[] = [
  ['(uid=?)', 'alice', '(uid=alice)', '(uid=*)'],
  [
    '(&(objectClass=person)(uid=?))',
    'a*',
    '(&(objectClass=person)(uid=a\\2a))',
    '(&(objectClass=person)(uid=*))',
  ],
  [
    '(|(uid=?)(mail=?@x.com))',
    'a)(b',
    '(|(uid=a\\29\\28b)(mail=a\\29\\28b@x.com))',
    '(|(uid=*)(mail=*@x.com))',
  ],
  ['(!(cn=x?y?z))', '\\', '(!(cn=x\\5cy\\5cz))', '(!(cn=x*y*z))'],
  ['(cn=x*?*y)', '$&', '(cn=x*$&*y)', '(cn=x*y)'],
  ['(cn=\\3f?)', 'a', '(cn=?a)', '(cn=?*)'],
  ['uid=?', '\0', '(uid=\\00)', '(uid=*)'],
  ['(uid=?)', '?', '(uid=?)', '(uid=*)'],
]
for (const [text, value, full, any] of filled) {
  test(`${text} with ${JSON.stringify(value)} is ${full}`, () => {
    const template = compileFilter(ldap, text, 'filter', { wantsPlace: true })
    assert.equal(template.fill(value).toString(), full)
    assert.equal(template.fillAny().toString(), any)
  })
}

const refused: readonly (readonly [string, string])[] = [
  ['(uid=alice)', "filter: expected '?' where the name stands"],
  ['(uid=?', 'filter: expected a filter (RFC 4515), as in (&(objectClass=person)(uid=?))'],
  ['(uid=?))', 'filter: expected a filter (RFC 4515), as in (&(objectClass=person)(uid=?))'],
  ['(uid>=?)', "filter: '?' may stand only in values that are compared with = or matched with *"],
  ['(uid=?\uE000)', 'filter: the character U+E000 has no place in a filter'],
]
for (const [text, message] of refused) {
  test(`refuses ${text}`, () => {
    assert.throws(
      () => compileFilter(ldap, text, 'filter', { wantsPlace: true }),
      (error) => error instanceof ConfigError && error.message === message,
    )
  })
}
