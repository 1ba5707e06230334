import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toAllowed } from './allowed-issuers.ts'

const issuers = [
  'https://idp.example',
  'https://login.example/{tenant}/v2.0',
  'https://login.example/realms/{realm}/',
  'https://deep.example/{a}/x/{b}',
]
const listed = toAllowed(issuers, 'issuers', {})

const cases: [issuer: string, expected: string | undefined][] = [
  ['https://idp.example', 'named'],
  ['https://login.example/acme/v2.0', 'pattern'],
  ['https://login.example/ACME-1.2_3~4/v2.0', 'pattern'],
  [`https://login.example/${'a'.repeat(128)}/v2.0`, 'pattern'],
  ['https://login.example/realms/acme/', 'pattern'],
  ['https://deep.example/1/x/2', 'pattern'],
  // Each of these would lead elsewhere, or to something that another reader takes for another issuer.
  ['https://idp.example/', undefined],
  ['https://IDP.example', undefined],
  ['https://idp.example.evil.example', undefined],
  ['http://login.example/acme/v2.0', undefined],
  ['https://login.example.evil.example/acme/v2.0', undefined],
  ['https://evil.example/acme/v2.0', undefined],
  ['https://login.example@evil.example/acme/v2.0', undefined],
  ['https://login.example:8443/acme/v2.0', undefined],
  ['https://loginXexample/acme/v2.0', undefined],
  ['https://login.example/acme/v2x0', undefined],
  ['https://login.example/acme/other/v2.0', undefined],
  ['https://login.example//v2.0', undefined],
  ['https://login.example/../v2.0', undefined],
  ['https://login.example/./v2.0', undefined],
  ['https://login.example/.well-known/v2.0', undefined],
  ['https://login.example/a%2f..%2fb/v2.0', undefined],
  ['https://login.example/a?b=/v2.0', undefined],
  ['https://login.example/a#b/v2.0', undefined],
  ['https://login.example/a\\b/v2.0', undefined],
  ['https://login.example/a b/v2.0', undefined],
  ['https://login.example/acme/v2.0\n', undefined],
  ['https://login.example/acme/v2.0/', undefined],
  ['https://login.example/{tenant}/v2.0', undefined],
  [`https://login.example/${'a'.repeat(129)}/v2.0`, undefined],
  ['http://169.254.169.254/latest/meta-data/', undefined],
  ['', undefined],
]

for (const [issuer, expected] of cases) {
  test(`${JSON.stringify(issuer).slice(0, 80)} is ${expected ?? 'not in the list'}`, () => {
    assert.equal(listed(issuer), expected)
  })
}

const wrong: string[] = [
  'https://{tenant}/',
  'https://{tenant}',
  'https://{tenant}.example/',
  'https://login.example//{tenant}/',
  'https://login.example:{port}/',
  '{scheme}://login.example/',
  'https://login.example/a{tenant}/',
  'https://login.example/{tenant}b/',
  'https://login.example/{}/',
  'https://login.example/{a b}/',
  'https://login.example/?tenant={tenant}',
  'https://login.example/{tenant}/?a',
  'https://login.example/{tenant}/#a',
  'https://LOGIN.example/{tenant}/',
  'https://login.example/a/../{tenant}/',
  'https://user:secret@login.example/{tenant}/',
  'http://login.example/{tenant}/',
  'login',
]

for (const issuer of wrong) {
  test(`${issuer} is a start error`, () => {
    assert.throws(() => toAllowed([issuer], 'issuers', {}), { code: 'config', path: 'issuers[0]' })
  })
}
