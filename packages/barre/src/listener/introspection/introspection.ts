import {
  authorize,
  chain,
  isRevokedBy,
  ok,
  parseAuthorization,
  readAuthorization,
  refuse,
  singleFlight,
} from '../../core/index.ts'
import type {
  Authenticated,
  Awaitable,
  Call,
  Principal,
  Provider,
  ProviderKind,
  Result,
  Revocation,
  Scopes,
  Services,
} from '../../core/index.ts'
import { bearerChallenges } from '../bearer-challenges.ts'
import { bindingProblem } from '../token-binding.ts'
import { cacheKey, createAnswerCache, revoked } from './answer-cache.ts'
import type { Known } from './answer-cache.ts'
import { introspectionShape } from './config.ts'
import type { IntrospectionConfig } from './config.ts'
import { introspectionEndpoint } from './endpoint.ts'
import { identifier, judgeTimes } from './identify.ts'
import { namedIssuer } from './named-issuer.ts'

type Params = Readonly<Record<string, string>>

/** A provider that asks the server which issued a token. */
export interface IntrospectionProvider extends Provider<string> {
  /**
   * The caller behind an Authorization value, when the token is active and has the scopes; `optionalParams` are
   * further parameters of this one request. Never rejects. A token that is bound to a certificate is refused: there is
   * no connection to look at.
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

  const ask = async (key: string, token: string, params: Params): Promise<Result<Known>> => {
    // What is revoked while the question is on its way may not be in the answer yet.
    const meanwhile: Revocation[] = []
    const stop = services.revocations.subscribe((revocation) => meanwhile.push(revocation))
    const answer = await endpoint.ask(token, params)
    stop()
    if (!answer.ok) return answer
    if (!answer.value.active) {
      answers.putInactive(key)
      return inactive
    }
    const known = identify(answer.value, services.now())
    const isRevoked = meanwhile.some((revocation) => isAbout(known, revocation))
    const kept = isRevoked ? { ...known, authenticated: revoked } : known
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
    schemes: ['Bearer'],
    read: (call) => readAuthorization(call, 'Bearer'),
    verify: (token, call) => chain(introspect(token, {}), (result) => unbound(result, call)),
    challenges: bearerChallenges,
    authorize(value, scopes, optionalParams = {}) {
      const credential = parseAuthorization(value)
      if (credential === undefined)
        return refuse('malformed', 'expected an Authorization value: Bearer token')
      if (credential.scheme.toLowerCase() !== 'bearer') return refuse('invalid', 'expected the scheme Bearer')
      return chain(introspect(credential.token, optionalParams), (result) => permit(result, scopes))
    },
    ready: () => endpoint.ready(),
    close() {
      answers.close()
      return endpoint.close()
    },
  }
}

const inactive: Result<never> = refuse('invalid', 'the token is not active')

function isAbout({ authenticated }: Known, revocation: Revocation): boolean {
  return authenticated.ok && isRevokedBy(authenticated.value.principal, revocation)
}

function permit(result: Result<Authenticated>, scopes: Scopes | undefined): Result<Principal> {
  const bare = unbound(result, undefined)
  if (!bare.ok) return bare
  const { principal } = bare.value
  const denial = authorize(principal, scopes)
  return denial === undefined ? ok(principal) : { ok: false, denial }
}

function unbound(result: Result<Authenticated>, call: Call | undefined): Result<Authenticated> {
  const problem = result.ok ? bindingProblem(result.value.principal.claims['cnf'], call) : undefined
  return problem === undefined ? result : refuse('invalid', problem)
}
