/** The numbers of a remote key set, in milliseconds and bytes. */
export const keySetLimits = {
  /** From then on the set is fetched anew in the background. */
  softMs: 600_000,
  /** From then on it serves only while fetching it fails. */
  hardMs: 3_600_000,
  /** For how long it does so. */
  staleIfErrorMs: 3_600_000,
  /** Calls (with unknown key ids) cause one fetch in this time, whether it succeeds or fails. */
  cooldownMs: 30_000,
  retryMinMs: 1000,
  retryMaxMs: 300_000,
  /** For one whole exchange, body included. */
  deadlineMs: 5000,
  maxBytes: 524_288,
} as const

/** What happened so far: with the clock, all that a decision needs. */
export interface FetchHistory {
  readonly fetchedAtMs?: number
  readonly attemptedAtMs?: number
  /** In a row, since the last success. */
  readonly failures: number
}

/** How long a fetched set lives. */
export interface KeyLife {
  readonly softMs: number
  readonly hardMs: number
}

/** The life that a `defaultMaxAge` asks for: it moves the hard end, and the soft one where it would come later. */
export function toKeyLife(maxAgeSeconds = -1): KeyLife {
  const hardMs = maxAgeSeconds === -1 ? keySetLimits.hardMs : maxAgeSeconds * 1000
  return { softMs: Math.min(keySetLimits.softMs, hardMs / 2), hardMs }
}

/**
 * How far a set may be relied on. `due`: yes, and fetch it anew; `stale`: only while fetching fails; `none`: not
 * at all.
 */
export type Freshness = 'fresh' | 'due' | 'stale' | 'none'

export function freshnessOf(history: FetchHistory, life: KeyLife, nowMs: number): Freshness {
  if (history.fetchedAtMs === undefined) return 'none'
  const ageMs = nowMs - history.fetchedAtMs
  // A clock that was set back must not lengthen the life of keys: fetching dates them anew.
  if (ageMs < 0) return 'due'
  if (ageMs < life.softMs) return 'fresh'
  if (ageMs < life.hardMs) return 'due'
  return ageMs < life.hardMs + keySetLimits.staleIfErrorMs ? 'stale' : 'none'
}

/** Whether keys at hand may verify a token now. */
export function isUsable(history: FetchHistory, life: KeyLife, nowMs: number): boolean {
  const freshness = freshnessOf(history, life, nowMs)
  return freshness === 'stale' ? history.failures > 0 : freshness !== 'none'
}

/** Whether a call may cause a fetch. */
export function isCooledDown(history: FetchHistory, nowMs: number): boolean {
  const { attemptedAtMs } = history
  return attemptedAtMs === undefined || Math.abs(nowMs - attemptedAtMs) >= keySetLimits.cooldownMs
}

/** When to fetch next of our own accord; `random`, from 0 to 1, spreads the requests of many instances. */
export function delayToNextFetchMs(history: FetchHistory, life: KeyLife, random: number): number {
  if (history.failures === 0) return life.softMs * (0.9 + random * 0.1)
  const backoffMs = keySetLimits.retryMinMs * 2 ** Math.min(history.failures - 1, 30)
  return Math.min(backoffMs, keySetLimits.retryMaxMs) * (0.5 + random * 0.5)
}
