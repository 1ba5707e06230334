import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, refuse, Secret } from '../../core/index.ts'
import type { CredentialSource, Need, Outgoing } from '../../core/index.ts'
import { LoginRefusedError, presentLogin } from './login.ts'
import type { Login } from './login.ts'

const token = (text: string, more: object = {}): Outgoing => ({
  kind: 'token',
  scheme: 'Bearer',
  token: new Secret(text),
  ...more,
})

/** Gives one credential after the other: another one where one was refused. */
function sourceOf(...credentials: readonly Outgoing[]): CredentialSource & { readonly asked: Need[] } {
  const asked: Need[] = []
  return {
    asked,
    credential(need) {
      asked.push(need)
      const next = credentials[Math.min(asked.length, credentials.length) - 1]
      return next === undefined ? refuse('unavailable', 'down') : ok(next)
    },
  }
}

const present = (source: CredentialSource, show: (login: Login) => Promise<string>, username?: string) =>
  presentLogin(source, { username, target: 'imap://mail.example:993' }, show)

const reveal = (login: Login): Promise<string> =>
  Promise.resolve(`${login.kind} ${login.username} ${login.secret.reveal()}`)

test('a password brings its user, a token is for the mailbox that is configured', async () => {
  const password: Outgoing = { kind: 'password', username: 'alice', password: new Secret('word') }
  assert.equal(await present(sourceOf(password), reveal), 'password alice word')
  assert.equal(await present(sourceOf(token('one')), reveal, 'alice'), 'token alice one')
})

test('a refused token is renewed, and the new one shown, once', async () => {
  const source = sourceOf(token('one'), token('two'), token('three'))
  const shown: string[] = []
  const refusing = async (login: Login): Promise<string> => {
    shown.push(login.secret.reveal())
    throw new LoginRefusedError('no')
  }
  await assert.rejects(present(source, refusing, 'alice'), { name: 'LoginRefusedError', message: 'no' })
  assert.deepEqual(shown, ['one', 'two'])
  assert.equal(source.asked[1]?.refused?.credential.kind, 'token')
})

test('what is the same again is not shown again', async () => {
  let count = 0
  const refusing = async (): Promise<string> => {
    count++
    throw new LoginRefusedError('no')
  }
  await assert.rejects(present(sourceOf(token('one')), refusing, 'alice'), LoginRefusedError)
  assert.equal(count, 1)
})

test('another error is no reason to renew', async () => {
  const source = sourceOf(token('one'), token('two'))
  await assert.rejects(
    present(source, () => Promise.reject(new Error('gone')), 'alice'),
    /gone/,
  )
  assert.equal(source.asked.length, 1)
})

describe('is not shown', () => {
  for (const [claim, outgoing, username, expected] of [
    ['a token of nobody', token('one'), undefined, { name: 'ConfigError', path: 'username' }],
    [
      'a token that needs a proof',
      token('one', { scheme: 'DPoP' }),
      'alice',
      { name: 'ConfigError', path: 'auth' },
    ],
    ['a token with a second field', token('one\x01auth=x'), 'alice', { name: 'ConfigError', path: 'auth' }],
    ['a name with a second field', token('one'), 'alice\x01', { name: 'ConfigError', path: 'username' }],
    [
      'a password with a second line',
      { kind: 'password', username: 'alice', password: new Secret('word\r\nDELE 1') },
      undefined,
      { name: 'ConfigError', path: 'auth' },
    ],
  ] as const) {
    test(claim, async () => {
      await assert.rejects(present(sourceOf(outgoing), reveal, username), expected)
    })
  }

  test('what is not there', async () => {
    await assert.rejects(present(sourceOf(), reveal, 'alice'), {
      name: 'CredentialError',
      code: 'unavailable',
    })
  })
})
