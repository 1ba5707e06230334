import { brokenCredential, chain, isToken68, rememberTokenHash } from '../../core/index.ts'
import type { Authenticated, Awaitable, Call, Denial, Result, Services } from '../../core/index.ts'
import { createValidator } from '../../jose/index.ts'
import type { DpopVerifier } from '../proof-of-possession/dpop.ts'
import { scopeReader } from '../scope-claim.ts'
import { checkBinding, schemeOf } from '../token-binding.ts'
import type { TokenCredential } from '../token-carrier.ts'
import { identify } from '../token-principal.ts'
import type { JwtValidatorConfig } from './config.ts'

/** Decides about the tokens of one issuer, and who they name. */
export interface TokenVerifier {
  verify(credential: TokenCredential, call: Call): Awaitable<Result<Authenticated>>
  /** Whether keys are at hand. */
  ready(): boolean
  close(): Promise<void>
}

/** Compiles a configuration; `dpop` stays its owner's to close. Throws ConfigError. */
export function createTokenVerifier(
  config: JwtValidatorConfig,
  services: Services,
  path: string,
  dpop: DpopVerifier | undefined,
): TokenVerifier {
  const readScopes = scopeReader(config.scopeKey)
  // Once per token that is remembered: its callers then share the principal.
  const validator = createValidator(config, services, path, (payload, tokenHash) => {
    const identified = identify(payload, readScopes(payload), schemeOf(payload['cnf']))
    if (identified.ok) rememberTokenHash(identified.value.principal, tokenHash)
    return identified
  })
  return {
    verify: (credential, call) =>
      chain(validator.validate(credential.token, call.madeAtMs), (validated) =>
        validated.ok
          ? checkBinding(validated.value, credential, call, dpop)
          : toTokenRefusal(validated.denial, credential),
      ),
    ready: () => validator.ready(),
    close: () => validator.close(),
  }
}

/** RFC 6750 §3.1: a request with a broken token is well-formed; it is the token that is invalid. */
export function toTokenRefusal(denial: Denial, { scheme, token }: TokenCredential): Result<never> {
  if (!isToken68(token)) return brokenCredential(scheme)
  return { ok: false, denial: { ...denial, scheme, ...(denial.code === 'malformed' && { code: 'invalid' }) } }
}
