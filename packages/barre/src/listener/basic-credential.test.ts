import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call } from '../core/index.ts'
import { readBasic } from './basic-credential.ts'

function read(...values: readonly string[]) {
  const call: Call = {
    method: 'GET',
    target: '/',
    signal: AbortSignal.abort(),
    peer: { encrypted: true },
    metadata: (name) => (name === 'authorization' ? values : []),
  }
  return readBasic(call)
}

function encode(userPass: string | Uint8Array): string {
  return `Basic ${Buffer.from(userPass).toString('base64')}`
}

const good: readonly (readonly [string, string, string, string])[] = [
  ["RFC 7617's example", 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'Aladdin', 'open sesame'],
  ["RFC 7617's example of UTF-8", 'Basic dGVzdDoxMjPCow==', 'test', '123£'],
  ['a colon in the password', encode('tom:a:b:'), 'tom', 'a:b:'],
  ['a scheme in capitals', encode('tom:123').replace('Basic', 'BASIC'), 'tom', '123'],
  ['a byte order mark as a character', encode('\ufefftom:123'), '\ufefftom', '123'],
]
for (const [name, value, username, password] of good) {
  test(`reads ${name}`, () => {
    const credential = read(value)
    assert.ok(credential?.ok === true)
    assert.deepEqual([credential.value.username, credential.value.password.reveal()], [username, password])
  })
}

const refused: readonly (readonly [string, readonly string[], string])[] = [
  ['no colon', [encode('tom')], 'malformed'],
  ['nothing at all', ['Basic'], 'malformed'],
  ['an empty user name', [encode(':123')], 'invalid'],
  ['an empty password', [encode('tom:')], 'invalid'],
  ['a colon alone', [encode(':')], 'invalid'],
  ['bytes that are no UTF-8', [encode(Buffer.of(0x74, 0x3a, 0xff))], 'malformed'],
  ['an overlong form of a colon', [encode(Buffer.of(0x74, 0xc0, 0xba, 0x78))], 'malformed'],
  ['a NUL', [encode('to\0m:123')], 'malformed'],
  ['a line break', [encode('tom:12\n3')], 'malformed'],
  ['a DEL', [encode('tom:12\x7f3')], 'malformed'],
  ['base64 without its padding', [encode('tom:1').replace(/=+$/, '')], 'malformed'],
  ['base64url', ['Basic dGVzdDoxMjPCo_-='], 'malformed'],
  ['base64 with stray bits', ['Basic dG9tOjF='], 'malformed'],
  ['two values', [encode('tom:123'), encode('tom:123')], 'malformed'],
]
for (const [name, values, code] of refused) {
  test(`refuses ${name}`, () => {
    const credential = read(...values)
    assert.equal(credential?.ok === false && credential.denial.code, code)
  })
}

for (const value of ['Bearer abc', 'Digest username="tom"', 'Basics abc']) {
  test(`abstains for ${value}`, () => assert.equal(read(value), undefined))
}

test('does not show the password', () => {
  assert.equal(JSON.stringify(read(encode('tom:hunter2'))).includes('hunter2'), false)
})
