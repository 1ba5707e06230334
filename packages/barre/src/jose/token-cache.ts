import { hash } from 'node:crypto'
import { BoundedCache, isRevokedBy, refuse } from '../core/index.ts'
import type { Result, Revocable, Services } from '../core/index.ts'
import type { CacheConfig } from './cache-config.ts'
import type { Payload } from './claims.ts'
import type { KeySet } from './key-set.ts'
import type { VerificationKey } from './key.ts'

/** How many verified tokens are remembered unless `cacheConfig.capacity` says otherwise. */
const tokenCacheMaxEntries = 10_000
/** How much memory they may take, by our estimate. */
export const tokenCacheMaxBytes = 33_554_432

/**
 * What one validator has verified. It answers only what a full check would answer too; in any doubt it does not
 * answer.
 */
export interface TokenCache<T> {
  /** The outcome of the token's full check, always the same object; `undefined`: check it. */
  get(digest: TokenDigest): Result<T> | undefined
  /** Remembers what has come of a payload that `key` has proven. */
  put(digest: TokenDigest, payload: Payload, key: VerificationKey, outcome: Result<T>): void
  close(): void
}

declare const digestOfToken: unique symbol
/** What a token is remembered by. */
export type TokenDigest = string & { readonly [digestOfToken]: true }

interface Entry<T> {
  /** Becomes a refusal when the token is revoked. */
  outcome: Result<T>
  readonly payload: Payload
  readonly key: VerificationKey
  readonly verifiedAtMs: number
}

export const revoked: Result<never> = refuse('invalid', 'the token was revoked')

/** A validator's rules never change, so each has a cache of its own and no entry needs to name them. */
export function createTokenCache<T>(config: CacheConfig, keys: KeySet, services: Services): TokenCache<T> {
  const entries = new BoundedCache<TokenDigest, Entry<T>>({
    maxEntries: config.capacity ?? tokenCacheMaxEntries,
    maxBytes: tokenCacheMaxBytes,
    ...(config.evictionFactor !== undefined && { evictionFactor: config.evictionFactor }),
  })
  const unsubscribe = services.revocations.subscribe((revocation) => {
    for (const [digest, entry] of entries.entries()) {
      if (isRevokedBy(toRevocable(entry.payload, digest), revocation)) entry.outcome = revoked
    }
  })
  return {
    get(digest) {
      const nowMs = services.now()
      const entry = entries.get(digest, nowMs)
      if (entry === undefined) return undefined
      // A token that was good at `verifiedAtMs` is not too early (nbf, iat) at any later time; a clock that was
      // set back is a doubt.
      if (nowMs >= entry.verifiedAtMs && (keys.holds?.(entry.key) ?? true)) return entry.outcome
      entries.delete(digest)
      return undefined
    },
    put(digest, payload, key, outcome) {
      const verifiedAtMs = services.now()
      const expiresAtMs = endOf(payload, key, verifiedAtMs, config.defaultMaxAge)
      if (expiresAtMs <= verifiedAtMs) return
      const bytes = entryBytes + estimateBytes(payload)
      entries.set(digest, { outcome, payload, key, verifiedAtMs }, { bytes, expiresAtMs })
    },
    close() {
      unsubscribe()
      entries.clear()
    },
  }
}

/**
 * Measured against the token itself as a key: as fast (V8 hashes and compares every character of a long string), and no
 * token stays in memory, nor any larger text that it may be a part of.
 */
export function digestOf(token: string): TokenDigest {
  return hash('sha256', token, 'base64url') as TokenDigest
}

/** Without clock skew: a token in its last seconds gets the full check. */
function endOf(payload: Payload, key: VerificationKey, nowMs: number, maxAgeSeconds = -1): number {
  const expMs = payload.exp === undefined ? Infinity : payload.exp * 1000
  const maxAgeMs = maxAgeSeconds === -1 ? Infinity : maxAgeSeconds * 1000
  return Math.min(expMs, nowMs + maxAgeMs, key.validity?.toMs ?? Infinity)
}

/** Of an entry without its claims: the digest, the entry itself, and the principal that a listener makes of it. */
const entryBytes = 1024

/** The room that parsed claims take, from what V8 was seen to use; it may be too high, never much too low. */
function estimateBytes(value: unknown): number {
  if (typeof value === 'string') return 24 + value.length * 2
  if (typeof value !== 'object' || value === null) return 16
  if (Array.isArray(value)) return value.reduce<number>((sum, member) => sum + 8 + estimateBytes(member), 48)
  let sum = 300
  // Parsed claims have no prototype at any depth: there is nothing inherited for the loop to find.
  for (const name in value) {
    sum += 64 + name.length * 2 + estimateBytes((value as Record<string, unknown>)[name])
  }
  return sum
}

/** What a revocation finds a token by. */
export function toRevocable(payload: Payload, tokenHash: TokenDigest): Revocable {
  const { iss, sub = '' } = payload
  return { username: sub, claims: payload, tokenHash, ...(iss !== undefined && { issuer: iss }) }
}
