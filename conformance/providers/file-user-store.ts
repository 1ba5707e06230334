import { argon2Sync, randomBytes } from 'node:crypto'
import { allowPlainPasswords } from 'barre/core'
import type { Case, Outcome, ProviderKit } from '../harness/kit.ts'

const password = randomBytes(12).toString('hex')

/** Users with a password: one hashed, which takes the waiting way through a wire, and one stored as it is. */
export const fileUserStore: ProviderKit = {
  folder: 'file-user-store',
  name: 'fileUserStore',
  readsCertificate: false,
  async prepare() {
    const users = [
      { username: 'alice', password: hash(password), scopes: ['orders'] },
      { username: 'bob', password, scopes: ['stock'] },
    ]
    return {
      entry: { fileUserStoreConfig: { users, [allowPlainPasswords]: true } },
      principal: { id: 'alice', username: 'alice', scheme: 'Basic' },
      asksFor: ['basic'],
      never: {
        expired: 'a password has no end of its own',
        unavailable: 'the users are read at start',
      },
      cases,
    }
  },
}

const good = basic('alice', password)

const cases: readonly Case[] = [
  { outcome: 'good', presented: good, expect: 'admitted' },
  { outcome: 'absent', presented: {}, expect: 'missing' },
  ...malformed('not base64', 'Basic %%%'),
  ...malformed('no colon', `Basic ${base64('alice')}`),
  ...malformed('a scheme without anything', 'Basic'),
  invalid('wrong password', basic('alice', `${password}x`)),
  invalid('unknown user', basic('mallory', password)),
  invalid('empty password', basic('alice', '')),
  { outcome: 'out of scope', presented: basic('bob', password), expect: 'insufficient_scope' },
  {
    outcome: 'out of scope',
    of: 'too little for the resource',
    presented: good,
    resource: 'elevated',
    expect: 'insufficient_scope',
  },
  {
    outcome: 'duplicated',
    presented: { authorization: [...(good.authorization ?? []), ...(good.authorization ?? [])] },
    expect: 'malformed',
  },
  { outcome: 'other scheme', presented: { authorization: ['Bearer abc'] }, expect: 'invalid' },
  {
    outcome: 'scheme in other case',
    presented: { authorization: [`bASIC ${base64(`alice:${password}`)}`] },
    expect: 'admitted',
  },
]

function malformed(of: string, value: string): readonly Case[] {
  return [{ outcome: 'malformed', of, presented: { authorization: [value] }, expect: 'malformed' }]
}

function invalid(of: string, presented: Case['presented']): Case {
  return { outcome: 'invalid' satisfies Outcome, of, presented, expect: 'invalid' }
}

function basic(username: string, secret: string): Case['presented'] {
  return { authorization: [`Basic ${base64(`${username}:${secret}`)}`] }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** At the lowest cost that there is: these passwords guard nothing. */
function hash(text: string): string {
  const nonce = randomBytes(16)
  const cost = { memory: 8, passes: 1, parallelism: 1 }
  const tag = argon2Sync('argon2id', { message: text, nonce, tagLength: 32, ...cost })
  const [salt, sum] = [nonce, tag].map((bytes) => bytes.toString('base64').replace(/=+$/, ''))
  return `$argon2id$v=19$m=8,t=1,p=1$${salt}$${sum}`
}
