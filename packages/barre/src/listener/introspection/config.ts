import {
  allowQueryToken,
  clientConfigurationShape,
  ConfigError,
  either,
  list,
  number,
  oneOf,
  optional,
  record,
  table,
  text,
} from '../../core/index.ts'
import type { ClientConfiguration, Shape } from '../../core/index.ts'
import { validatorMembers } from '../../jose/index.ts'
import type { CacheConfig, ValidatorSignatureConfig } from '../../jose/index.ts'
import { dpopShape } from '../proof-of-possession/config.ts'
import type { DpopConfig } from '../proof-of-possession/config.ts'
import { scopeKeyShape } from '../scope-claim.ts'
import { queryTokenShape } from '../token-carrier.ts'
import type { CarrierOptions } from '../token-carrier.ts'

/** How long a token without `exp` is taken to live unless the configuration says otherwise, in seconds. */
export const defaultTokenExpTimeSeconds = 3600

/** Which tokens let a caller in, as the server that issued them answers when asked (RFC 7662). */
export interface IntrospectionConfig extends CarrierOptions {
  /** The introspection endpoint; absent: the one in the metadata of `issuer` (RFC 8414). */
  readonly url?: string
  /** Who must have issued a token. A JWT that names another issuer is refused without being sent anywhere. */
  readonly issuer?: string
  /** Our names: one of them must be in the answer's `aud`. `false` accepts tokens meant for anybody. */
  readonly audience: string | readonly string[] | false
  /** Sent as `token_type_hint`. */
  readonly tokenTypeHint?: string
  /** Further parameters of the request. */
  readonly optionalParams?: Readonly<Record<string, string>>
  /**
   * Present: answers about active tokens are remembered until the token's `exp`, at most `defaultMaxAge` seconds;
   * `capacity` is 10,000 unless set. Absent: each call asks.
   */
  readonly cacheConfig?: CacheConfig
  /** How long a token without `exp` is taken to live from the answer on, in seconds; default 3,600. */
  readonly defaultTokenExpTime?: number
  /**
   * Seconds for which a remembered answer may still serve while the endpoint fails, never beyond the token's `exp`;
   * default 0: such calls are refused as `unavailable`. Needs `cacheConfig`.
   */
  readonly staleIfErrorSeconds?: number
  /** The member that holds the scopes: a name, or a JSON pointer such as `/realm_access/roles`; default `scope`. */
  readonly scopeKey?: string
  /** Ask for signed answers and accept no others (RFC 9701). Needs `issuer`. */
  readonly signedAnswers?: SignedAnswersConfig
  /** Accept tokens that are bound to a key, with proofs (RFC 9449). Absent: they are refused. */
  readonly dpopConfig?: DpopConfig
  /** TLS, headers, time-outs and identity (`auth`) towards the endpoint. */
  readonly clientConfig?: ClientConfiguration
}

/** How signed answers are checked. */
export interface SignedAnswersConfig {
  /** Our name at the authorization server, which must be in the answer's own `aud`. */
  readonly audience: string | readonly string[]
  readonly signatureConfig: ValidatorSignatureConfig
}

const seconds = number({ max: 86_400, unit: 'seconds' })

// RFC 7662 §2.1: these two are ours to set.
const reserved = new Set(['token', 'token_type_hint'])

/** Parameters beside those that the request has by itself. */
export const optionalParamsShape: Shape<Readonly<Record<string, string>>> = {
  check(value, path) {
    const checked = table(text()).check(value, path)
    const taken = Object.keys(checked).find((name) => reserved.has(name))
    if (taken === undefined) return checked
    throw new ConfigError(`${path}.${taken}`, 'set by the request itself; remove it')
  },
  json: table(text()).json,
}

const members = record<IntrospectionConfig>({
  url: optional(text()),
  issuer: optional(text()),
  audience: either(either(text(), list(text(), 1)), oneOf(false)),
  tokenTypeHint: optional(text()),
  optionalParams: optional(optionalParamsShape),
  cacheConfig: validatorMembers.cacheConfig,
  defaultTokenExpTime: optional(seconds),
  staleIfErrorSeconds: optional(seconds),
  scopeKey: optional(scopeKeyShape),
  signedAnswers: optional(
    record<SignedAnswersConfig>({
      audience: either(text(), list(text(), 1)),
      signatureConfig: validatorMembers.signatureConfig,
    }),
  ),
  dpopConfig: optional(dpopShape),
  clientConfig: optional(clientConfigurationShape),
  [allowQueryToken]: queryTokenShape,
})

export const introspectionShape: Shape<IntrospectionConfig> = {
  check(value, path) {
    const config = members.check(value, path)
    if (config.url === undefined && config.issuer === undefined) {
      throw new ConfigError(`${path}.url`, 'expected a url, or an issuer whose metadata names it')
    }
    if (config.signedAnswers !== undefined && config.issuer === undefined) {
      throw new ConfigError(`${path}.issuer`, 'required with signedAnswers: the issuer signs them')
    }
    if (config.staleIfErrorSeconds !== undefined && config.cacheConfig === undefined) {
      throw new ConfigError(
        `${path}.staleIfErrorSeconds`,
        'needs cacheConfig: nothing is remembered without it',
      )
    }
    return config
  },
  json: members.json,
}
