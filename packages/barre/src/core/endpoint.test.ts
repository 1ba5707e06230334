import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from './config-error.ts'
import { checkEndpoint, isLoopback } from './endpoint.ts'
import { allowInsecureEndpoint } from './insecure.ts'

describe('checkEndpoint', () => {
  for (const url of [
    'https://issuer.example/jwks',
    'http://127.0.0.1:9090/jwks',
    'http://127.1/jwks',
    'http://localhost/jwks',
    'http://[::1]:8080/',
  ]) {
    it(`accepts ${url}`, () => {
      assert.equal(checkEndpoint(url, 'url').href, new URL(url).href)
    })
  }

  for (const [url, problem] of [
    ['http://issuer.example/jwks', /plain http is accepted only to loopback/],
    ['http://127.evil.example/', /plain http is accepted only to loopback/],
    ['http://localhost.evil.example/', /plain http is accepted only to loopback/],
    ['/jwks', /expected an absolute URL/],
    ['ftp://127.0.0.1/jwks', /expected https:, found ftp:/],
    ['https://user:secret@issuer.example/', /would show in logs/],
  ] as const) {
    it(`refuses ${url}`, () => {
      assert.throws(
        () => checkEndpoint(url, 'jwksConfig.url'),
        (error) =>
          error instanceof ConfigError && error.path === 'jwksConfig.url' && problem.test(error.message),
      )
    })
  }

  it('accepts plain http off loopback only with the named option', () => {
    const url = 'http://issuer.example/jwks'
    assert.equal(checkEndpoint(url, 'url', { [allowInsecureEndpoint]: true }).href, url)
    assert.throws(() => checkEndpoint(url, 'url', { [allowInsecureEndpoint]: false }), ConfigError)
  })
})

describe('isLoopback', () => {
  for (const [host, expected] of [
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.255.255.254', true],
    ['::1', true],
    ['[::1]', true],
    ['0.0.0.0', false],
    ['::', false],
    ['128.0.0.1', false],
    ['127.0.0.1.example', false],
  ] as const) {
    it(`says ${expected} of ${host}`, () => assert.equal(isLoopback(host), expected))
  }
})
