import { createHash } from 'node:crypto'
import { chain, isRecord, ok, refuse } from '../core/index.ts'
import type { Authenticated, Awaitable, Call, Reply, Result } from '../core/index.ts'
import type { DpopVerifier } from './proof-of-possession/dpop.ts'
import type { TokenCredential } from './token-carrier.ts'

/**
 * Whether a token that holds may come this way: one with a `cnf` claim (RFC 7800) needs what it is bound to, a client
 * certificate (RFC 8705), a key (RFC 9449) or both; one without must not come as `DPoP`. `call` is absent where there
 * is no connection to look at.
 */
export function checkBinding(
  authenticated: Authenticated,
  credential: TokenCredential,
  call: Call | undefined,
  dpop: DpopVerifier | undefined,
): Awaitable<Result<Authenticated>> {
  const confirmation = authenticated.principal.claims['cnf']
  const binding = confirmation === undefined ? {} : readBinding(confirmation)
  if (binding === undefined) return wrongWay('the token is bound in a way that is not known', credential)
  const { certificate, key } = binding
  const problem = certificate === undefined ? undefined : certificateProblem(certificate, call)
  if (problem !== undefined) return wrongWay(problem, credential)
  if (key === undefined) return checkWithoutKey(authenticated, credential, dpop)
  if (credential.scheme !== 'DPoP' || dpop === undefined || call === undefined) {
    return wrongWay('the token is bound to a key whose proof did not come with it', credential)
  }
  return chain(dpop.verify(credential.token, key, call), (proven) =>
    proven.ok ? ok(withReply(authenticated, proven.value)) : proven,
  )
}

/** The scheme that a token's principal is proven by: the one that it must come with. */
export function schemeOf(confirmation: unknown): TokenCredential['scheme'] {
  return isRecord(confirmation) && confirmation['jkt'] !== undefined ? 'DPoP' : 'Bearer'
}

/** Thumbprints: `x5t#S256` of a certificate (RFC 8705 §3.1), `jkt` of a key (RFC 9449 §6.1). */
interface Binding {
  readonly certificate?: string
  readonly key?: string
}

function readBinding(confirmation: unknown): Binding | undefined {
  if (!isRecord(confirmation)) return undefined
  const { 'x5t#S256': certificate, jkt: key, ...others } = confirmation
  const named = [certificate, key].filter((value) => value !== undefined)
  const isKnown = named.length > 0 && named.every((value) => typeof value === 'string')
  if (!isKnown || Object.keys(others).length > 0) return undefined
  return { ...(certificate !== undefined && { certificate }), ...(key !== undefined && { key }) } as Binding
}

function checkWithoutKey(
  authenticated: Authenticated,
  credential: TokenCredential,
  dpop: DpopVerifier | undefined,
): Result<Authenticated> {
  if (credential.scheme === 'DPoP') {
    return wrongWay('the token is bound to no key, and came as if it were', credential)
  }
  if (dpop?.isRequired === true) return wrongWay('the token is bound to no key', credential)
  return ok(withReply(authenticated, credential.reply))
}

function certificateProblem(thumbprint: string, call: Call | undefined): string | undefined {
  const certificate = call?.peer.certificate
  if (certificate === undefined) return 'the token is bound to a client certificate, and none was shown'
  // RFC 8705 §3.1
  const shown = createHash('sha256').update(certificate).digest('base64url')
  return shown === thumbprint ? undefined : 'the token is bound to another client certificate'
}

function wrongWay(detail: string, { scheme }: TokenCredential): Result<never> {
  return refuse('invalid', detail, { scheme })
}

function withReply(authenticated: Authenticated, reply: Reply | undefined): Authenticated {
  if (reply === undefined || reply.length === 0) return authenticated
  return { ...authenticated, reply: [...(authenticated.reply ?? []), ...reply] }
}
