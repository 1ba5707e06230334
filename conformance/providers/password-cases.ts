import { randomBytes } from 'node:crypto'
import type { Case, Outcome, Prepared } from '../harness/kit.ts'

/** What callers of any user store present: alice may do orders, bob stock, both with this password. */
export function passwordCases(): {
  readonly password: string
  readonly cases: readonly Case[]
  readonly never: Prepared['never'] & { readonly expired: string }
} {
  const password = randomBytes(12).toString('hex')
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
  return { password, cases, never: { expired: 'a password has no end of its own' } }
}

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
