import {
  allowQueryToken,
  clientConfigurationShape,
  list,
  number,
  optional,
  record,
  text,
} from '../../core/index.ts'
import type { ClientConfiguration, Shape } from '../../core/index.ts'
import { validatorMembers } from '../../jose/index.ts'
import type { JwtValidatorConfig } from '../jwt/config.ts'
import { dpopShape } from '../proof-of-possession/config.ts'
import { scopeKeyShape } from '../scope-claim.ts'
import { queryTokenShape } from '../token-carrier.ts'
import type { CarrierOptions } from '../token-carrier.ts'

/** What is said about the tokens of all issuers alike. */
type SharedRules = Pick<
  JwtValidatorConfig,
  | 'audience'
  | 'customClaims'
  | 'clockSkew'
  | 'requireExp'
  | 'maxTokenLifetimeSeconds'
  | 'profile'
  | 'algorithms'
  | 'cacheConfig'
  | 'scopeKey'
  | 'dpopConfig'
>

/** Tokens of several issuers, whose keys their own metadata name. */
export interface JwtIssuersConfig extends SharedRules, CarrierOptions {
  /**
   * The issuers, exactly as in `iss`; `{name}` in place of a whole path segment stands for any one:
   * `https://login.example/{tenant}/`.
   */
  readonly issuers: readonly string[]
  /** How many issuers are known at a time; the least recently used one leaves. Default 100. */
  readonly maxIssuers?: number
  /** Further origins that keys may be fetched from; an issuer's own always may. */
  readonly jwksOrigins?: readonly string[]
  /** TLS, headers and time-outs towards the issuers. */
  readonly clientConfig?: ClientConfiguration
}

/** How many issuers are known at a time unless the configuration says otherwise. */
export const maxIssuersDefault = 100

export const jwtIssuersShape: Shape<JwtIssuersConfig> = record<JwtIssuersConfig>({
  issuers: list(text(), 1),
  maxIssuers: optional(number({ min: 1, max: 10_000, integer: true })),
  jwksOrigins: optional(list(text(), 1)),
  audience: validatorMembers.audience,
  customClaims: validatorMembers.customClaims,
  clockSkew: validatorMembers.clockSkew,
  requireExp: validatorMembers.requireExp,
  maxTokenLifetimeSeconds: validatorMembers.maxTokenLifetimeSeconds,
  profile: validatorMembers.profile,
  algorithms: validatorMembers.algorithms,
  cacheConfig: validatorMembers.cacheConfig,
  scopeKey: optional(scopeKeyShape),
  dpopConfig: optional(dpopShape),
  clientConfig: optional(clientConfigurationShape),
  [allowQueryToken]: queryTokenShape,
})
