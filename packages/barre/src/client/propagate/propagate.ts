import { ok, oneOf, record, refuse } from '../../core/index.ts'
import type { CredentialSource, Need, Outgoing, Result, SourceKind } from '../../core/index.ts'

/** Passes on the token that the inbound caller presented. */
export interface PropagateConfig {
  readonly propagate: true
}

/** `auth: { propagate: true }` */
export const propagateKind: SourceKind<'propagate', PropagateConfig> = {
  key: 'propagate',
  shape: record<PropagateConfig>({ propagate: oneOf(true) }),
  create(_config, services) {
    return { credential: (need) => passOn(need, services.now()) } satisfies CredentialSource
  },
}

function passOn({ caller }: Need, nowMs: number): Result<Outgoing> {
  if (caller === undefined)
    return refuse('missing', 'propagation needs the inbound caller: pass `caller` with the call')
  const { principal, credential } = caller
  // RFC 9449 and 8705: only who holds the key can use such a token; sent on, it is refused or taken for a bearer's.
  if (principal.scheme === 'DPoP' || principal.claims['cnf'] !== undefined) {
    return refuse(
      'invalid',
      "the caller's token is bound to the caller's key or certificate: use token exchange",
    )
  }
  if (principal.scheme !== 'Bearer' || credential === undefined) {
    return refuse(
      'missing',
      `the caller came without a token (${principal.scheme}): issue one with inferredJwtIssuerConfig`,
    )
  }
  const { expiresAtSeconds } = principal
  if (expiresAtSeconds !== undefined && expiresAtSeconds * 1000 <= nowMs) {
    return refuse('expired', "the caller's token expired before it could be passed on")
  }
  return ok({
    kind: 'token',
    scheme: 'Bearer',
    token: credential,
    ...(expiresAtSeconds !== undefined && { expiresAtSeconds }),
  })
}
