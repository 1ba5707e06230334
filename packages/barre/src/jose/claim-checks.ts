import { isDeepStrictEqual } from 'node:util'
import { ConfigError, freezeData, refuse } from '../core/index.ts'
import { profileCheck } from './access-token-profile.ts'
import { clockSkewDefaultSeconds, clockSkewMaxSeconds } from './validator-config.ts'
import type { Denial } from '../core/index.ts'
import type { Decoded, Payload } from './claims.ts'
import type { ValidatorConfig } from './validator-config.ts'

/** What a configuration says about tokens, whoever has signed them. */
type Rules = Omit<ValidatorConfig, 'signatureConfig'>

/** One rule about what a token says; answers with the refusal, or nothing. */
type Check = (token: Decoded, nowMs: number) => Denial | undefined

/**
 * Compiles the rules that need no key. They run before keys are touched, so that an outage at one issuer
 * never
 * answers `unavailable` for another issuer's tokens. `typ`: the only one to accept, in place of those of access tokens.
 */
export function compileChecks(config: Rules, path: string, typ?: string): Check {
  const checks = [...headerChecks(config, typ), ...nameChecks(config), audienceCheck(config, path)]
  if (config.profile !== undefined) {
    const judge = profileCheck(config, path)
    checks.push(({ payload }) => judge(payload))
  }
  const judgeTimes = compileTimes(config, path)
  return (token, nowMs) => {
    for (const check of checks) {
      const denial = check(token, nowMs)
      if (denial !== undefined) return denial
    }
    return judgeTimes(token.payload, nowMs)
  }
}

function headerChecks(config: Rules, only: string | undefined = config.profile): Check[] {
  const { algorithms, keyId } = config
  const types = new Set(only === undefined ? [undefined, 'JWT', 'at+jwt'] : [only])
  const checks: Check[] = [
    ({ header: { typ } }) => unless(types.has(typ) || types.has(toType(typ)), 'the typ is not accepted'),
  ]
  if (keyId !== undefined) checks.push(({ header }) => unless(header.kid === keyId, 'the kid is not keyId'))
  if (algorithms !== undefined) {
    const names: ReadonlySet<string> = new Set(algorithms)
    checks.push(({ header }) => unless(names.has(header.alg), 'the alg is not one of algorithms'))
  }
  return checks
}

// RFC 7515 §4.1.9: a media type, thus in any case, and usually without its `application/`.
function toType(typ: string | undefined): string | undefined {
  const type = typ?.toLowerCase().replace(/^application\//, '')
  return type === 'jwt' ? 'JWT' : type
}

/** Exact comparison, no normalisation: a trailing slash or a look-alike letter is another name. */
function nameChecks(config: Rules): Check[] {
  const registered = { iss: config.issuer, sub: config.username, jti: config.jwtId }
  const wanted = [...Object.entries(registered), ...Object.entries(config.customClaims ?? {})]
  return wanted.flatMap(([name, value]) => {
    if (value === undefined) return []
    const expected = freezeData(value)
    const detail = `claim ${name} is not the configured one`
    return [({ payload }: Decoded) => unless(isSame(payload[name], expected), detail)]
  })
}

function isSame(claim: unknown, expected: unknown): boolean {
  return typeof claim === 'string' ? claim === expected : isDeepStrictEqual(claim, expected)
}

function audienceCheck(config: Rules, path: string): Check {
  const { audience } = config
  if (audience === false) return () => undefined
  const names = new Set(typeof audience === 'string' ? [audience] : audience)
  if (names.size === 0) {
    throw new ConfigError(`${path}.audience`, 'required: the name of this service in `aud`, or false for any')
  }
  return ({ payload: { aud } }) => {
    const meant = typeof aud === 'string' ? names.has(aud) : (aud?.some((name) => names.has(name)) ?? false)
    return unless(meant, 'the token is meant for another audience')
  }
}

/** The rules about time alone: a verified token that is kept must pass them at every use. */
function compileTimes(config: Rules, path: string): (payload: Payload, nowMs: number) => Denial | undefined {
  const { requireExp = true, maxTokenLifetimeSeconds } = config
  const skewMs = toSkewMs(config.clockSkew, path)
  return ({ exp, nbf, iat }, nowMs) => {
    if (exp === undefined && requireExp) return refuse('invalid', 'the token has no exp').denial
    // RFC 7519 §4.1.4: not on or after exp.
    if (exp !== undefined && nowMs >= exp * 1000 + skewMs)
      return refuse('expired', 'the token has expired').denial
    if (nbf !== undefined && nowMs < nbf * 1000 - skewMs)
      return refuse('invalid', 'the nbf is in the future').denial
    if (iat !== undefined && nowMs < iat * 1000 - skewMs)
      return refuse('invalid', 'the iat is in the future').denial
    if (maxTokenLifetimeSeconds === undefined) return undefined
    const bounded = exp !== undefined && iat !== undefined && exp - iat <= maxTokenLifetimeSeconds
    return unless(bounded, 'the token lives longer than maxTokenLifetimeSeconds, or lacks iat or exp')
  }
}

function toSkewMs(skew = clockSkewDefaultSeconds, path: string): number {
  if (skew >= 0 && skew <= clockSkewMaxSeconds) return skew * 1000
  throw new ConfigError(`${path}.clockSkew`, `expected seconds from 0 to ${clockSkewMaxSeconds}`)
}

function unless(holds: boolean, detail: string): Denial | undefined {
  return holds ? undefined : refuse('invalid', detail).denial
}
