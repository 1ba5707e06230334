import {
  authorize,
  chain,
  ok,
  parseAuthorization,
  refuse,
  rememberTokenHash,
  singleFlight,
} from '../../core/index.ts'
import type {
  Authenticated,
  Awaitable,
  Denial,
  Principal,
  Provider,
  ProviderKind,
  Result,
  Scopes,
  Services,
} from '../../core/index.ts'
import { createDpopVerifier } from '../proof-of-possession/dpop.ts'
import { checkBinding } from '../token-binding.ts'
import { readToken68 } from '../token-carrier.ts'
import type { TokenCredential } from '../token-carrier.ts'
import { tokenChallenges, tokenSchemes } from '../token-challenges.ts'
import { cacheKey, createAnswerCache, revoked, tokenHash } from './answer-cache.ts'
import type { Known } from './answer-cache.ts'
import { introspectionShape } from './config.ts'
import type { IntrospectionConfig } from './config.ts'
import { introspectionEndpoint } from './endpoint.ts'
import { identifier, judgeTimes } from './identify.ts'
import { namedIssuer } from './named-issuer.ts'

type Params = Readonly<Record<string, string>>

/** A provider that asks the server which issued a token. */
export interface IntrospectionProvider extends Provider<TokenCredential> {
  /**
   * The caller behind an Authorization value, when the token is active and has the scopes; `optionalParams` are
   * further parameters of this one request. Never rejects. A token that is bound to a key or a certificate is
   * refused: there is no connection to look at.
   */
  authorize(value: string, scopes?: Scopes, optionalParams?: Params): Awaitable<Result<Principal>>
}

interface IntrospectionKind extends ProviderKind<'oauth2IntrospectionConfig', IntrospectionConfig> {
  create(config: IntrospectionConfig, services: Services, path: string): IntrospectionProvider
}

/** `{ oauth2IntrospectionConfig: {...} }` */
export const introspectionKind: IntrospectionKind = {
  key: 'oauth2IntrospectionConfig',
  shape: introspectionShape,
  create: createIntrospection,
}

/** Of a remembered answer, beside its claims and the principal's copy of them. */
const entryBytes = 1024

function createIntrospection(
  config: IntrospectionConfig,
  services: Services,
  path: string,
): IntrospectionProvider {
  const endpoint = introspectionEndpoint(config, services, path)
  const answers = createAnswerCache(config, services)
  const once = singleFlight<string, Result<Known>>()
  const identify = identifier(config)
  const { dpopConfig } = config
  const dpop = dpopConfig && createDpopVerifier(dpopConfig, services, `${path}.dpopConfig`)

  const ask = async (key: string, token: string, params: Params): Promise<Result<Known>> => {
    const answer = await endpoint.ask(token, params)
    if (!answer.ok) return answer
    if (!answer.value.active) {
      answers.putInactive(key)
      return inactive
    }
    const known = identify(answer.value, services.now())
    // The answer may be older than a revocation, and its issuer need not know of ours.
    const kept = isRevoked(known, tokenHash(token), services) ? { ...known, authenticated: revoked } : known
    answers.put(key, kept, entryBytes + JSON.stringify(answer.value.claims).length * 6)
    return ok(kept)
  }
  const introspect = (token: string, params: Params): Awaitable<Result<Authenticated>> => {
    const named = config.issuer === undefined ? undefined : namedIssuer(token)
    if (named !== undefined && named !== config.issuer) return refuse('invalid', 'a token of another issuer')
    const key = cacheKey(token, params)
    const remembered = answers.get(key)
    if (remembered?.state === 'inactive') return inactive
    if (remembered?.state === 'fresh') return judgeTimes(remembered.known, services.now())
    return chain(
      once(key, () => ask(key, token, params)),
      (known) => {
        if (known.ok) return judgeTimes(known.value, services.now())
        if (known.denial.code !== 'unavailable' || remembered === undefined) return known
        services.log.warn({ reason: known.denial.detail }, 'a remembered introspection answer serves on')
        return judgeTimes(remembered.known, services.now())
      },
    )
  }
  return {
    schemes: tokenSchemes(dpop),
    needsPublicOrigin: dpop !== undefined,
    read: (call) => readToken68(call, config, dpop !== undefined),
    verify: (credential, call) =>
      chain(introspect(credential.token, {}), (result) =>
        result.ok ? checkBinding(result.value, credential, call, dpop) : ofScheme(result.denial, credential),
      ),
    challenges: tokenChallenges(dpop),
    authorize(value, scopes, optionalParams = {}) {
      const credential = parseAuthorization(value)
      if (credential === undefined)
        return refuse('malformed', 'expected an Authorization value: Bearer token')
      if (credential.scheme.toLowerCase() !== 'bearer') return refuse('invalid', 'expected the scheme Bearer')
      return chain(introspect(credential.token, optionalParams), (result) =>
        permit(result, credential.token, scopes),
      )
    },
    ready: () => endpoint.ready(),
    async close() {
      answers.close()
      await Promise.all([endpoint.close(), dpop?.close()])
    },
  }
}

const inactive: Result<never> = refuse('invalid', 'the token is not active')

function isRevoked({ authenticated }: Known, hash: string, { revocations }: Services): boolean {
  if (!authenticated.ok) return false
  rememberTokenHash(authenticated.value.principal, hash)
  return revocations.isRevoked(authenticated.value.principal)
}

function ofScheme(denial: Denial, { scheme }: TokenCredential): Result<never> {
  return { ok: false, denial: { ...denial, scheme } }
}

function permit(
  result: Result<Authenticated>,
  token: string,
  scopes: Scopes | undefined,
): Awaitable<Result<Principal>> {
  if (!result.ok) return result
  const bound = checkBinding(result.value, { scheme: 'Bearer', token }, undefined, undefined)
  return chain(bound, (bare) => {
    if (!bare.ok) return bare
    const { principal } = bare.value
    const denial = authorize(principal, scopes)
    return denial === undefined ? ok(principal) : { ok: false, denial }
  })
}
