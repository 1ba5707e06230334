import {
  acceptFrozen,
  brokenCredential,
  chain,
  isToken68,
  ok,
  refuse,
  toPrincipal,
  toPrincipalId,
} from '../../core/index.ts'
import type {
  Authenticated,
  Denial,
  Principal,
  Provider,
  ProviderKind,
  Result,
  Services,
} from '../../core/index.ts'
import { createValidator } from '../../jose/index.ts'
import type { Payload } from '../../jose/index.ts'
import { createDpopVerifier } from '../proof-of-possession/dpop.ts'
import { scopeReader } from '../scope-claim.ts'
import { checkBinding, schemeOf } from '../token-binding.ts'
import { readToken } from '../token-carrier.ts'
import type { TokenCredential } from '../token-carrier.ts'
import { tokenChallenges, tokenSchemes } from '../token-challenges.ts'
import { jwtValidatorShape } from './config.ts'
import type { JwtValidatorConfig } from './config.ts'

/** `{ jwtValidatorConfig: {...} }` */
export const jwtKind: ProviderKind<'jwtValidatorConfig', JwtValidatorConfig> = {
  key: 'jwtValidatorConfig',
  shape: jwtValidatorShape,
  create: createJwtListener,
}

/** Callers with a signed token, sent as `Authorization: Bearer` (RFC 6750 §2.1) or `DPoP` (RFC 9449 §7.1). */
function createJwtListener(
  config: JwtValidatorConfig,
  services: Services,
  path: string,
): Provider<TokenCredential> {
  const readScopes = scopeReader(config.scopeKey)
  const { dpopConfig } = config
  const dpop = dpopConfig && createDpopVerifier(dpopConfig, services, `${path}.dpopConfig`)
  // Once per token that is remembered: its callers then share the principal.
  const validator = createValidator(config, services, path, (payload) =>
    identify(payload, readScopes(payload)),
  )
  return {
    schemes: tokenSchemes(dpop),
    needsPublicOrigin: dpop !== undefined,
    // A token that holds has only the characters of base64url: the others need no look of their own.
    read: (call) => readToken(call, config, dpop !== undefined),
    verify: (credential, call) =>
      chain(validator.validate(credential.token), (validated) =>
        validated.ok
          ? checkBinding(validated.value, credential, call, dpop)
          : toTokenRefusal(validated.denial, credential),
      ),
    challenges: tokenChallenges(dpop),
    ready: () => validator.ready(),
    async close() {
      await Promise.all([validator.close(), dpop?.close()])
    },
  }
}

/** RFC 6750 §3.1: a request with a broken token is well-formed; it is the token that is invalid. */
function toTokenRefusal(
  denial: Denial,
  { scheme, token }: TokenCredential,
): { readonly ok: false; readonly denial: Denial } {
  if (!isToken68(token)) return brokenCredential(scheme)
  return { ok: false, denial: { ...denial, scheme, ...(denial.code === 'malformed' && { code: 'invalid' }) } }
}

function identify(payload: Payload, scopes: readonly string[]): Result<Authenticated> {
  const { iss, sub, exp } = payload
  if (sub === undefined || sub === '') return refuse('invalid', 'the token has no sub, so it names nobody')
  acceptFrozen(payload)
  const principal: Principal = toPrincipal({
    id: toPrincipalId(iss, sub),
    username: sub,
    scheme: schemeOf(payload['cnf']),
    scopes,
    claims: payload,
    ...(iss !== undefined && { issuer: iss }),
    ...(exp !== undefined && { expiresAtSeconds: exp }),
  })
  return ok({ principal })
}
