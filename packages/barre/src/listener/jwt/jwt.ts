import {
  acceptFrozen,
  brokenCredential,
  chain,
  isToken68,
  ok,
  readAuthorizationText,
  refuse,
  toPrincipal,
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
import { bearerChallenges } from '../bearer-challenges.ts'
import { scopeReader } from '../scope-claim.ts'
import { bindingProblem } from '../token-binding.ts'
import { jwtValidatorShape } from './config.ts'
import type { JwtValidatorConfig } from './config.ts'

/** `{ jwtValidatorConfig: {...} }` */
export const jwtKind: ProviderKind<'jwtValidatorConfig', JwtValidatorConfig> = {
  key: 'jwtValidatorConfig',
  shape: jwtValidatorShape,
  create: createJwtListener,
}

/** Callers with a signed token, sent as `Authorization: Bearer` (RFC 6750 §2.1). */
function createJwtListener(config: JwtValidatorConfig, services: Services, path: string): Provider<string> {
  const readScopes = scopeReader(config.scopeKey)
  // Once per token that is remembered: its callers then share the principal.
  const validator = createValidator(config, services, path, (payload) =>
    identify(payload, readScopes(payload)),
  )
  return {
    schemes: ['Bearer'],
    // A token that holds has only the characters of base64url: the others need no look of their own.
    read: (call) => readAuthorizationText(call, 'Bearer'),
    verify: (token, call) =>
      chain(validator.validate(token), (validated) => {
        if (!validated.ok)
          return isToken68(token) ? toTokenRefusal(validated.denial) : brokenCredential('Bearer')
        const problem = bindingProblem(validated.value.principal.claims['cnf'], call)
        return problem === undefined ? validated : refuse('invalid', problem)
      }),
    challenges: bearerChallenges,
    ready: () => validator.ready(),
    close: () => validator.close(),
  }
}

/** RFC 6750 §3.1: a request with a broken token is well-formed; it is the token that is invalid. */
function toTokenRefusal(denial: Denial): { readonly ok: false; readonly denial: Denial } {
  return { ok: false, denial: denial.code === 'malformed' ? { ...denial, code: 'invalid' } : denial }
}

function identify(payload: Payload, scopes: readonly string[]): Result<Authenticated> {
  const { iss, sub, exp } = payload
  if (sub === undefined || sub === '') return refuse('invalid', 'the token has no sub, so it names nobody')
  acceptFrozen(payload)
  const principal: Principal = toPrincipal({
    id: iss === undefined ? sub : `${iss}:${sub}`,
    username: sub,
    scheme: 'Bearer',
    scopes,
    claims: payload,
    ...(iss !== undefined && { issuer: iss }),
    ...(exp !== undefined && { expiresAtSeconds: exp }),
  })
  return ok({ principal })
}
