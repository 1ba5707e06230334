import { hash } from 'node:crypto'
import { BoundedCache, isRevokedBy, refuse } from '../../core/index.ts'
import type { Authenticated, Principal, Result, Services } from '../../core/index.ts'
import type { IntrospectionConfig } from './config.ts'

/** What is known of a token that is, or was, active. */
export interface Known {
  readonly authenticated: Result<Authenticated>
  readonly askedAtMs: number
  /** Only from then on is the token good. */
  readonly notBeforeMs: number
  /** When the token ends, as its answer or `defaultTokenExpTime` says. */
  readonly expiresAtMs: number
}

/**
 * `fresh`: serve it; `stale`: serve it only if the endpoint fails; `inactive`: the endpoint said so a moment ago.
 */
type Lookup =
  | { readonly state: 'fresh' | 'stale'; readonly known: Known }
  | { readonly state: 'inactive' }
  | undefined

/** What one provider's endpoint has answered. */
export interface AnswerCache {
  get(key: string): Lookup
  put(key: string, known: Known, bytes: number): void
  putInactive(key: string): void
  close(): void
}

/** How many answers are remembered unless `cacheConfig.capacity` says otherwise, and how much memory they may take. */
const capacityDefault = 10_000
const answersMaxBytes = 33_554_432
/** Refused tokens are remembered apart: a flood of them drives out no answer that is worth something. */
const inactiveLimits = { maxEntries: 10_000, maxBytes: 4_194_304 }
const inactiveBytes = 256
/** How long an inactive token is refused without asking again, in milliseconds. */
export const inactiveMs = 5000

interface Entry {
  /** Becomes a refusal when the token is revoked. */
  known: Known
  readonly principal: Principal | undefined
  readonly freshUntilMs: number
}

/**
 * The endpoint, our identity there, the hint and the configured parameters never change for one provider, so each has
 * a cache of its own and the key needs only what a call brings.
 */
export function cacheKey(token: string, optionalParams: Readonly<Record<string, string>>): string {
  const params = Object.entries(optionalParams).toSorted(([one], [other]) => (one < other ? -1 : 1))
  // The digest has a fixed length: no token can look like another one with parameters.
  const digest = tokenHash(token)
  return params.length === 0 ? digest : digest + hash('sha256', JSON.stringify(params), 'base64url')
}

/** What a revocation may name a token by. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'base64url')
}

export function createAnswerCache(config: IntrospectionConfig, services: Services): AnswerCache {
  const { cacheConfig, staleIfErrorSeconds = 0 } = config
  const { capacity = capacityDefault, defaultMaxAge = -1, evictionFactor } = cacheConfig ?? {}
  const maxAgeMs = defaultMaxAge === -1 ? Infinity : defaultMaxAge * 1000
  const active = new BoundedCache<string, Entry>({
    maxEntries: capacity,
    maxBytes: answersMaxBytes,
    ...(evictionFactor !== undefined && { evictionFactor }),
  })
  const inactive = new BoundedCache<string, true>(inactiveLimits)
  const unsubscribe = services.revocations.subscribe((revocation) => {
    for (const [, entry] of active.entries()) {
      if (entry.principal === undefined || !isRevokedBy(entry.principal, revocation)) continue
      entry.known = { ...entry.known, authenticated: revoked }
    }
  })
  return {
    get(key) {
      const nowMs = services.now()
      const entry = active.get(key, nowMs)
      // A clock that was set back must not lengthen the life of an answer.
      if (entry !== undefined && nowMs >= entry.known.askedAtMs) {
        return { state: nowMs < entry.freshUntilMs ? 'fresh' : 'stale', known: entry.known }
      }
      return inactive.get(key, nowMs) === undefined ? undefined : { state: 'inactive' }
    },
    put(key, known, bytes) {
      if (cacheConfig === undefined) return
      const freshUntilMs = Math.min(known.expiresAtMs, known.askedAtMs + maxAgeMs)
      const expiresAtMs = Math.min(known.expiresAtMs, freshUntilMs + staleIfErrorSeconds * 1000)
      if (expiresAtMs <= known.askedAtMs) return
      const principal = known.authenticated.ok ? known.authenticated.value.principal : undefined
      active.set(key, { known, principal, freshUntilMs }, { bytes, expiresAtMs })
    },
    putInactive(key) {
      active.delete(key)
      inactive.set(key, true, { bytes: inactiveBytes, expiresAtMs: services.now() + inactiveMs })
    },
    close() {
      unsubscribe()
      active.clear()
      inactive.clear()
    },
  }
}

export const revoked: Result<never> = refuse('invalid', 'the token was revoked')
