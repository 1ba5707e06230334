import { ok, readAuthorization, refuse, toPrincipal } from '../src/core/index.ts'
import type { Authenticated, Provider, Result } from '../src/core/index.ts'

/** When these tests begin, in milliseconds since the epoch. */
export const startMs = 1_800_000_000_000

/**
 * A provider of Bearer tokens that are what they say: `alice.10.read+write` is alice for 10 seconds with two scopes,
 * `alice` alone has neither. `down`, `expired` and `throttled` are refused so, everything else is invalid; with `slow-`
 * before it, a token is answered later.
 */
export function timedTokens(): Provider<string> & { readonly calls: string[] } {
  return {
    calls: [],
    schemes: ['Bearer'],
    read: (call) => readAuthorization(call, 'Bearer'),
    verify(token, call) {
      this.calls.push(`${call.method} ${call.target} ${token}`)
      if (!token.startsWith('slow-')) return judge(token)
      return new Promise((resolve) => setImmediate(resolve, judge(token.slice(5))))
    },
    challenges: ({ code }) => [code === 'missing' ? 'Bearer' : `Bearer error="${code}"`],
  }
}

function judge(token: string): Result<Authenticated> {
  if (token === 'down') return refuse('unavailable', 'secret detail', { retryAfterSeconds: 2 })
  if (token === 'expired' || token === 'throttled') return refuse(token, 'secret detail')
  const [name = '', seconds, scopes = ''] = token.split('.')
  if (!['alice', 'bob'].includes(name)) return refuse('invalid', 'secret detail')
  const principal = toPrincipal({
    id: `test:${name}`,
    username: name,
    scheme: 'Bearer',
    issuer: 'test',
    claims: { sub: name, jti: token },
    scopes: scopes === '' ? [] : scopes.split('+'),
    ...(seconds !== undefined && { expiresAtSeconds: startMs / 1000 + Number(seconds) }),
  })
  return ok({ principal, reply: [['x-proof', 'seen']] })
}
