import { createHash } from 'node:crypto'
import { chain, ok, refuse, Secret } from '../../core/index.ts'
import type { Awaitable, Caller, Need, Result, Services } from '../../core/index.ts'
import type { TokenInput } from './config.ts'

/** A token that a grant needs. */
export interface TokenSupply {
  /** Tells apart for whom tokens differ: part of the key under which what was obtained is kept. */
  subject(need: Need): Result<string>
  token(need: Need): Awaitable<Result<string>>
  close(): Promise<void>
}

export function tokenSupply(input: TokenInput, services: Services, path: string): TokenSupply {
  if (typeof input === 'string' || input instanceof Secret) {
    const token = typeof input === 'string' ? input : input.reveal()
    return { subject: () => ok(''), token: () => ok(token), close: async () => undefined }
  }
  if ('caller' in input) {
    return {
      subject: ({ caller }) => chainResult(callersToken(caller, services.now()), digest),
      token: ({ caller }) => callersToken(caller, services.now()),
      close: async () => undefined,
    }
  }
  const source = services.credentialSource(input.auth, `${path}.auth`)
  return {
    // What a source makes of a caller may depend on all of the caller.
    subject: ({ caller }) => ok(caller === undefined ? '' : digest(identityOf(caller))),
    token: (need) =>
      chain(source.credential(forItself(need)), (result) => {
        if (!result.ok) return result
        if (result.value.kind === 'token') return ok(result.value.token.reveal())
        return refuse('invalid', 'a user name and password are no token')
      }),
    close: async () => source.close?.(),
  }
}

/** Bound to a key or not: at the token endpoint it is we who prove ourselves. */
function callersToken(caller: Caller | undefined, nowMs: number): Result<string> {
  if (caller === undefined) {
    return refuse('missing', 'the grant needs the inbound caller: pass `caller` with the call')
  }
  if (caller.credential === undefined) return refuse('missing', 'the inbound caller came without a token')
  const { expiresAtSeconds } = caller.principal
  if (expiresAtSeconds !== undefined && expiresAtSeconds * 1000 <= nowMs) {
    return refuse('expired', "the caller's token expired before the call")
  }
  return ok(caller.credential.reveal())
}

/** What was refused is the token that was obtained, not the one that it was obtained with. */
function forItself({ refused: _refused, ...need }: Need): Need {
  return need
}

function identityOf({ principal, credential }: Caller): string {
  return JSON.stringify([principal.scheme, principal.id, principal.username, credential?.reveal()])
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

function chainResult<A, B>(result: Result<A>, then: (value: A) => B): Result<B> {
  return result.ok ? ok(then(result.value)) : result
}
