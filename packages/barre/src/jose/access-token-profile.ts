import { ConfigError, refuse } from '../core/index.ts'
import type { Denial } from '../core/index.ts'
import type { Payload } from './claims.ts'
import type { ValidatorConfig } from './validator-config.ts'

/** What every access token has (RFC 9068 §2.2), beside `iss`, `aud` and `exp`, which are compared in any case. */
const required = ['sub', 'client_id', 'iat', 'jti'] as const

/**
 * The rules of `profile: 'at+jwt'` (RFC 9068 §4) that do not hold for other tokens. Throws ConfigError where the
 * configuration would let the issuer, the audience or the expiry pass unseen.
 */
export function profileCheck(
  config: Omit<ValidatorConfig, 'signatureConfig'>,
  path: string,
): (payload: Payload) => Denial | undefined {
  if (config.issuer === undefined) throw new ConfigError(`${path}.issuer`, "required with profile 'at+jwt'")
  if (config.audience === false) {
    throw new ConfigError(`${path}.audience`, "expected a name: with profile 'at+jwt' false is no choice")
  }
  if (config.requireExp === false) {
    throw new ConfigError(`${path}.requireExp`, "remove it: with profile 'at+jwt' exp is required")
  }
  return (payload) => {
    const missing = required.find((name) => payload[name] === undefined || payload[name] === '')
    if (missing !== undefined) return refuse('invalid', `an access token has a claim ${missing}`).denial
    const isNamed = typeof payload['client_id'] === 'string'
    return isNamed ? undefined : refuse('invalid', 'claim client_id is not text').denial
  }
}
