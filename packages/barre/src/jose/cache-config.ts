import { ConfigError, number, oneOf, optional, record } from '../core/index.ts'
import { keySetMaxKeys } from './key-set.ts'
import type { Shape } from '../core/index.ts'

/**
 * How much a cache may hold and for how long (Ballerina's `cache:CacheConfig`, as far as it has a meaning
 * here).
 */
export interface CacheConfig {
  /** The most entries: verified tokens (default 10,000), or keys of a set (default and maximum 100). */
  readonly capacity?: number
  /**
   * Seconds. For tokens up to 86,400, `-1` (the default) meaning until they expire; for key sets from 60 to
   * 86,400, `-1` and the default meaning 3,600.
   */
  readonly defaultMaxAge?: number
  /** The least recently used entry leaves first. */
  readonly evictionPolicy?: 'LRU'
  /**
   * The share of a full token cache that leaves at once, from 0 to 1; default: one token at a time. A key set
   * is kept whole.
   */
  readonly evictionFactor?: number
  /** Refused: expired entries are dropped when they are met, and the bounds hold at all times. */
  readonly cleanupInterval?: never
}

/** Of the cache of verified tokens. */
export const tokenCacheShape: Shape<CacheConfig> = cacheShape(
  number({ min: 1, max: 1_000_000, integer: true }),
  orUnset(number({ max: 86_400, unit: 'seconds' })),
)

/** Of the cache of a remote key set. */
export const keyCacheShape: Shape<CacheConfig> = cacheShape(
  number({ min: 1, max: keySetMaxKeys, integer: true }),
  orUnset(number({ min: 60, max: 86_400, unit: 'seconds' })),
)

/** `capacity` and `defaultMaxAge` mean other things for tokens than for keys. */
function cacheShape(capacity: Shape<number>, defaultMaxAge: Shape<number>): Shape<CacheConfig> {
  return record<CacheConfig>({
    capacity: optional(capacity),
    defaultMaxAge: optional(defaultMaxAge),
    evictionPolicy: optional(oneOf('LRU')),
    evictionFactor: optional(number({ max: 1 })),
    cleanupInterval: optional(
      meaningless('expired entries are never used, and the bounds hold at all times'),
    ),
  })
}

/** Ballerina writes "no age of its own" as -1. */
function orUnset(age: Shape<number>): Shape<number> {
  return {
    check: (value, path) => (value === -1 ? -1 : age.check(value, path)),
    json: { anyOf: [{ const: -1 }, age.json] },
  }
}

function meaningless(because: string): Shape<never> {
  return {
    check(_value, path) {
      throw new ConfigError(path, `has no meaning here (${because}); remove it`)
    },
    json: { not: {} },
  }
}
