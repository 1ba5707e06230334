import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedirectUri, matchesRedirectUri, redirectUriMaxLength } from './redirect-uri.ts'

const base = 'https://app.test/'

const uris: readonly (readonly [uri: string, accepted: boolean])[] = [
  ['https://app.test/callback?a=b', true],
  ['http://127.0.0.1/callback', true],
  ['http://[::1]:8080/', true],
  ['http://localhost:3000/', true],
  ['com.example.app:/callback', true],
  [base + 'x'.repeat(redirectUriMaxLength - base.length), true],
  [base + 'x'.repeat(redirectUriMaxLength - base.length + 1), false],
  ['http://app.test/', false],
  ['http://127.0.0.1.evil.test/', false],
  ['https://app.test/#fragment', false],
  ['https://user@app.test/', false],
  ['https://app.test\\@evil.test/', false],
  ['https://app.test/ x', false],
  ['/callback', false],
  ['javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['app:/callback', false],
]

for (const [uri, accepted] of uris) {
  test(`${accepted ? 'accepts' : 'refuses'} ${uri.slice(0, 60)}`, () => {
    assert.equal(isRedirectUri(uri), accepted)
  })
}

const matches: readonly (readonly [registered: string, requested: string, expected: boolean])[] = [
  ['http://127.0.0.1/a', 'http://127.0.0.1:49152/a', true],
  ['http://[::1]:1/a', 'http://[::1]:2/a', true],
  ['http://127.0.0.1/a', 'http://127.0.0.1:49152/b', false],
  ['http://127.0.0.1/a', 'http://127.0.0.1:49152@evil.test/a', false],
  ['http://127.0.0.1', 'http://127.0.0.1.evil.test', false],
  ['http://localhost/a', 'http://localhost:49152/a', false],
  ['https://app.test/a', 'https://app.test:444/a', false],
]

for (const [registered, requested, expected] of matches) {
  test(`${requested} is ${expected ? '' : 'not '}${registered}`, () => {
    assert.equal(matchesRedirectUri([registered], requested), expected)
  })
}
