import { ok, refuse, toPrincipal, toPrincipalId } from '../../core/index.ts'
import type { Authenticated, Result } from '../../core/index.ts'
import type { JsonObject } from '../../jose/index.ts'
import { scopeReader } from '../scope-claim.ts'
import { schemeOf } from '../token-binding.ts'
import type { Answer } from './answer.ts'
import type { Known } from './answer-cache.ts'
import { defaultTokenExpTimeSeconds } from './config.ts'
import type { IntrospectionConfig } from './config.ts'

/** How far ahead of ours the clock of an issuer may be, in milliseconds. */
const clockSkewMs = 10_000

/** Compiles the rules that never change about an active token: who issued it, for whom, and whom it names. */
export function identifier(
  config: IntrospectionConfig,
): (answer: Answer & { readonly active: true }, nowMs: number) => Known {
  const readScopes = scopeReader(config.scopeKey)
  const audience = config.audience === false ? undefined : new Set([config.audience].flat())
  const assumedLifeMs = (config.defaultTokenExpTime ?? defaultTokenExpTimeSeconds) * 1000
  return ({ claims, expiresAtMs, notBeforeMs = 0 }, askedAtMs) => {
    const endsAtMs = expiresAtMs ?? askedAtMs + assumedLifeMs
    const problem =
      issuerProblem(config.issuer, claims) ?? audienceProblem(audience, claims) ?? bindingProblem(claims)
    const authenticated =
      problem === undefined
        ? toAuthenticated(claims, config.issuer, readScopes(claims), endsAtMs)
        : refuse('invalid', problem)
    return { authenticated, askedAtMs, notBeforeMs, expiresAtMs: endsAtMs }
  }
}

/** RFC 7662 §2.2: `iss` is optional; who answers is the configured issuer in any case. */
function issuerProblem(issuer: string | undefined, { iss }: JsonObject): string | undefined {
  return issuer === undefined || iss === undefined || iss === issuer
    ? undefined
    : 'the answer is about a token of another issuer'
}

function audienceProblem(audience: ReadonlySet<string> | undefined, { aud }: JsonObject): string | undefined {
  if (audience === undefined) return undefined
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return named.some((name) => typeof name === 'string' && audience.has(name))
    ? undefined
    : 'the token is meant for another audience'
}

/** RFC 9449 §6.2: a token of type DPoP is bound to a key; without it nothing could be proven. */
function bindingProblem({ token_type: type, cnf }: JsonObject): string | undefined {
  const isBound = typeof type === 'string' && type.toLowerCase() === 'dpop'
  return isBound && schemeOf(cnf) !== 'DPoP'
    ? 'the answer does not say which key the token is bound to'
    : undefined
}

function toAuthenticated(
  claims: JsonObject,
  configuredIssuer: string | undefined,
  scopes: readonly string[],
  endsAtMs: number,
): Result<Authenticated> {
  const [subject] = [claims['sub'], claims['username'], claims['client_id']].filter(isName)
  if (subject === undefined) return refuse('invalid', 'the answer has no sub, username or client_id')
  const issuer = isName(claims['iss']) ? claims['iss'] : configuredIssuer
  const principal = toPrincipal({
    id: toPrincipalId(issuer, subject),
    username: isName(claims['username']) ? claims['username'] : subject,
    scheme: schemeOf(claims['cnf']),
    scopes,
    claims,
    expiresAtSeconds: endsAtMs / 1000,
    ...(issuer !== undefined && { issuer }),
  })
  return ok({ principal })
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** The rules about time, at every use. */
export function judgeTimes(known: Known, nowMs: number): Result<Authenticated> {
  if (!known.authenticated.ok) return known.authenticated
  if (nowMs >= known.expiresAtMs) return refuse('expired', 'the token has expired')
  if (nowMs < known.notBeforeMs - clockSkewMs) return refuse('invalid', 'the nbf is in the future')
  return known.authenticated
}
