import { BoundedCache } from 'barre/core'
import type { Services } from 'barre/core'

/** Counts events of many keys over the last minute or so; knows when there were too many. */
export interface RateLimit {
  /** Seconds to wait before the next event of the key; 0: none. */
  waitSeconds(key: string): number
  count(key: string): void
}

/** The most keys that are counted at once; the least recently seen are forgotten. */
export const keysMax = 100_000

interface Bucket {
  readonly level: number
  readonly atMs: number
}

/** A leaky bucket for each key: as many events at once as fit into a minute, and then one by one. */
export function rateLimit(perMinute: number, services: Pick<Services, 'now'>): RateLimit {
  const buckets = new BoundedCache<string, Bucket>({ maxEntries: keysMax, maxBytes: keysMax })
  const leakPerMs = perMinute / 60_000
  const levelOf = (key: string, nowMs: number): number => {
    const bucket = buckets.get(key, nowMs)
    if (bucket === undefined) return 0
    return Math.max(0, bucket.level - Math.max(0, nowMs - bucket.atMs) * leakPerMs)
  }
  return {
    waitSeconds(key) {
      const excess = levelOf(key, services.now()) + 1 - perMinute
      return excess <= 0 ? 0 : Math.max(1, Math.ceil(excess / leakPerMs / 1000))
    },
    count(key) {
      const nowMs = services.now()
      const level = Math.min(levelOf(key, nowMs) + 1, perMinute)
      buckets.set(key, { level, atMs: nowMs }, { bytes: 1, expiresAtMs: nowMs + 60_000 })
    },
  }
}
