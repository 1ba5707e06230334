import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passableRequestHeaders, passableResponseHeaders } from './headers.ts'

const stopped = [
  'Authorization',
  'Host',
  'Forwarded',
  'Via',
  'X-Request-Id',
  'X-Real-IP',
  'True-Client-IP',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Client-Cert',
  'X-Forwarded-Anything',
  'X-User',
  'X-User-Id',
  'X-Auth-Request-User',
  'X-Authenticated-Userid',
  'X-Remote-User',
  'Remote-User',
  'X-Consumer-Id',
  'X-Client-Cert',
  'X-SSL-Client-DN',
  'SSL-Client-Cert',
  'Client-Cert',
  'X-Goog-Iap-Jwt-Assertion',
  'X-Amzn-Oidc-Data',
  'Cf-Access-Jwt-Assertion',
  'X-MS-Client-Principal',
  'X-Userinfo',
  'X-Roles',
  'X-Tenant',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-HTTP-Method-Override',
  'X-Barre-Principal',
  // What CGI, WSGI and PHP take for the same names.
  'X_Forwarded_For',
  'X-Forwarded_For',
  'x_user',
  'REMOTE_USER',
  'Transfer_Encoding',
  'Content_Length',
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'Proxy-Authorization',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'Expect',
  'HTTP2-Settings',
]

for (const name of stopped) {
  test(`stops ${name}`, () => {
    assert.deepEqual(passableRequestHeaders([name, 'x', 'accept', 'a'], new Set()), ['accept', 'a'])
  })
}

test('stops what the configuration names', () => {
  const raw = ['X-Staff', 'x', 'x_staff', 'x', 'X-Staffing', 'y']
  assert.deepEqual(passableRequestHeaders(raw, new Set(['x-staff'])), ['X-Staffing', 'y'])
})

test('stops what Connection names, in several fields and any case', () => {
  const raw = [
    'Connection',
    'close, X-One',
    'connection',
    'x-TWO',
    'X-One',
    '1',
    'X-Two',
    '2',
    'X-Three',
    '3',
  ]
  assert.deepEqual(passableRequestHeaders(raw, new Set()), ['X-Three', '3'])
  assert.deepEqual(passableResponseHeaders(raw), ['X-Three', '3'])
})

test('passes the rest as it was sent, repeated fields too', () => {
  const raw = ['Cookie', 'a=1', 'COOKIE', 'b=2', 'Content-Type', 'text/plain', 'X-Trace', 'é']
  assert.deepEqual(passableRequestHeaders(raw, new Set()), raw)
})

test('an upstream cannot choose the request id of an answer, nor how we hold the connection', () => {
  const raw = [
    'X-Request-Id',
    'x',
    'Keep-Alive',
    'timeout=9',
    'Transfer-Encoding',
    'chunked',
    'Set-Cookie',
    'a=1',
  ]
  assert.deepEqual(passableResponseHeaders(raw), ['Set-Cookie', 'a=1'])
})
