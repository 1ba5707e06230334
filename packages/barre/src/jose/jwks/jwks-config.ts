import {
  allowInsecureEndpoint,
  ConfigError,
  flag,
  isRecord,
  optional,
  record,
  text,
} from '../../core/index.ts'
import type { ClientConfiguration, Shape } from '../../core/index.ts'
import { keyCacheShape } from '../cache-config.ts'
import type { CacheConfig } from '../cache-config.ts'

/** Where an issuer publishes its keys (RFC 7517 §5). */
export interface JwksConfig {
  /** `https:`, or `http:` to loopback. */
  readonly url: string
  /** `capacity` is the most keys that a set may hold; `defaultMaxAge` how many seconds they serve without being fetched again. */
  readonly cacheConfig?: CacheConfig
  /** TLS and identity towards the endpoint; its time-outs can shorten the five seconds of an exchange, not lengthen them. */
  readonly clientConfig?: ClientConfiguration
  /** Fetch keys over plain HTTP off loopback: whoever sits between can then forge any token. */
  readonly [allowInsecureEndpoint]?: boolean
}

/** Services.fetchFor checks the rest: it knows TLS, this layer does not. */
const clientConfiguration: Shape<ClientConfiguration> = {
  check(value, path) {
    if (isRecord(value)) return value
    throw new ConfigError(path, 'expected a record')
  },
  json: { type: 'object' },
}

export const jwksShape: Shape<JwksConfig> = record<JwksConfig>({
  url: text('https URL of the key set'),
  cacheConfig: optional(keyCacheShape),
  clientConfig: optional(clientConfiguration),
  [allowInsecureEndpoint]: optional(flag()),
})
