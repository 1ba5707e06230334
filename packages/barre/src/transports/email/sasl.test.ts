import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../core/index.ts'
import type { Login } from './login.ts'
import { authenticate, chooseMechanism } from './sasl.ts'
import type { SaslReply } from './sasl.ts'

const server = { host: 'server.example.com', port: 143 }
const password: Login = { kind: 'password', username: 'tim', secret: new Secret('tanstaaftanstaaf') }
const token: Login = {
  kind: 'token',
  username: 'user@example.com',
  secret: new Secret('vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=='),
}

/** Says what a server would, and gives what was said to it; base64 in clear. */
async function run(login: Login, offered: string, replies: readonly SaslReply['kind'][]) {
  const mechanism = chooseMechanism(login, new Set(offered.split(' ')))
  assert.ok(mechanism !== undefined)
  const said: string[] = []
  const left = [...replies]
  const outcome = await authenticate(mechanism, login, server, (line) => {
    said.push(said.length === 0 || line === '*' ? line : Buffer.from(line, 'base64').toString())
    return Promise.resolve({ kind: left.shift() ?? 'refusal', text: 'no' })
  }).then(
    () => 'logged in',
    (error: Error) => `${error.name}: ${error.message}`,
  )
  return { said, outcome }
}

for (const [claim, login, offered, replies, said] of [
  // RFC 4616 §4
  ['PLAIN', password, 'LOGIN PLAIN', ['challenge', 'success'], ['AUTH PLAIN', '\0tim\0tanstaaftanstaaf']],
  [
    'LOGIN where there is no PLAIN',
    password,
    'LOGIN',
    ['challenge', 'challenge', 'success'],
    ['AUTH LOGIN', 'tim', 'tanstaaftanstaaf'],
  ],
  // RFC 7628 §4.1
  [
    'OAUTHBEARER before XOAUTH2',
    token,
    'XOAUTH2 OAUTHBEARER PLAIN',
    ['challenge', 'success'],
    [
      'AUTH OAUTHBEARER',
      'n,a=user@example.com,\x01host=server.example.com\x01port=143\x01' +
        'auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01',
    ],
  ],
  [
    'XOAUTH2',
    token,
    'XOAUTH2 PLAIN',
    ['challenge', 'success'],
    [
      'AUTH XOAUTH2',
      'user=user@example.com\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01',
    ],
  ],
] as const) {
  test(`logs in by ${claim}`, async () => {
    assert.deepEqual(await run(login, offered, replies), { said, outcome: 'logged in' })
  })
}

test('a name cannot end its field', async () => {
  const { said } = await run({ ...token, username: 'a,b=c' }, 'OAUTHBEARER', ['challenge', 'success'])
  assert.equal(said[1]?.split('\x01')[0], 'n,a=a=2Cb=3Dc,')
})

test('a refusal that comes as a challenge is answered, and is one', async () => {
  const replies = ['challenge', 'challenge', 'refusal'] as const
  const bearer = await run(token, 'OAUTHBEARER', replies)
  assert.deepEqual([bearer.said.at(-1), bearer.outcome], ['\x01', 'LoginRefusedError: no'])
  const xoauth2 = await run(token, 'XOAUTH2', replies)
  assert.deepEqual([xoauth2.said.at(-1), xoauth2.outcome], ['', 'LoginRefusedError: no'])
})

test('a server that asks for ever is not answered for ever', async () => {
  const { said, outcome } = await run(
    password,
    'PLAIN',
    Array.from({ length: 10 }, () => 'challenge'),
  )
  assert.deepEqual([said.slice(2), outcome], [['*', '*'], 'LoginRefusedError: no'])
})

test('no login goes by a mechanism that is for another', () => {
  assert.equal(chooseMechanism(password, new Set(['XOAUTH2', 'OAUTHBEARER', 'CRAM-MD5'])), undefined)
  assert.equal(chooseMechanism(token, new Set(['PLAIN', 'LOGIN'])), undefined)
})
