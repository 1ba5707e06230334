import { isPromise, ok, refuse, Secret } from '../core/index.ts'
import type { Awaitable, Need, Outgoing, Result, Services } from '../core/index.ts'
import { decodeJwt } from '../jose/index.ts'
import type { IssueOptions, Issuer } from '../jose/index.ts'

/** A token that we signed, and while it is sent before another one is signed. */
export interface IssuedToken {
  readonly outgoing: Outgoing
  /** How long its text is. */
  readonly characters: number
  readonly issuedAtMs: number
  readonly renewAtMs: number
}

/** The part of its life in which a token is sent: the rest is for the call itself, and for clocks that differ. */
const usedShare = 0.8

/** Signs a token; a signer that fails (a key service, say) makes the credential `unavailable`. */
export function issueToken(
  issuer: Issuer,
  options: IssueOptions,
  services: Services,
): Awaitable<Result<IssuedToken>> {
  const issuedAtMs = services.now()
  const signed = issuer.issue(options)
  if (!isPromise(signed)) return ok(toIssuedToken(signed, issuedAtMs))
  return signed.then(
    (token) => ok(toIssuedToken(token, issuedAtMs)),
    () => refuse('unavailable', 'the token could not be signed'),
  )
}

/** A token that was refused is replaced at most once in this time: whoever refuses all of them gets no flood. */
const renewalCooldownMs = 30_000

/** Whether a token is still to be sent. */
export function isCurrent(token: IssuedToken, need: Need, nowMs: number): boolean {
  // A clock that was set back makes a token look issued in the future, which others would refuse.
  const { issuedAtMs } = token
  const renewAtMs = need.early === true ? (issuedAtMs + token.renewAtMs) / 2 : token.renewAtMs
  if (nowMs < issuedAtMs || nowMs >= renewAtMs) return false
  return need.refused?.credential !== token.outgoing || nowMs - issuedAtMs < renewalCooldownMs
}

function toIssuedToken(token: string, issuedAtMs: number): IssuedToken {
  const decoded = decodeJwt(token)
  // The token itself says when it ends: custom claims may have set another `exp` than the configured lifetime.
  const exp = decoded.ok ? decoded.value.payload.exp : undefined
  const lifetimeMs = exp === undefined ? 0 : exp * 1000 - issuedAtMs
  return Object.freeze({
    outgoing: Object.freeze({
      kind: 'token',
      scheme: 'Bearer',
      token: new Secret(token),
      ...(exp !== undefined && { expiresAtSeconds: exp }),
    }),
    characters: token.length,
    issuedAtMs,
    renewAtMs: issuedAtMs + lifetimeMs * usedShare,
  })
}
