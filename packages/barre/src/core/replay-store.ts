import type { Awaitable } from './result.ts'

/** Remembers what may be used only once. A store that a fleet shares refuses a replay at any of its members. */
export interface ReplayStore {
  /**
   * Remembers `key` until `expiresAtMs` (milliseconds since the epoch); false when it was remembered already. Throws or
   * rejects when it cannot tell, and the caller is then refused. `key` has at most 100 characters of base64url.
   */
  add(key: string, expiresAtMs: number): Awaitable<boolean>
}

/** How many keys a process remembers; about 30 MB. */
export const replayStoreMaxEntries = 200_000
/** How often a full store is looked through for keys that have ended, in milliseconds. */
const sweepIntervalMs = 1000

/**
 * A store of this process. Full of keys that have not ended, it throws: to forget one of them would allow its replay.
 */
export class MemoryReplayStore implements ReplayStore {
  readonly #now: () => number
  readonly #maxEntries: number
  /** In the order of arrival, which is about the order of expiry. */
  readonly #ends = new Map<string, number>()
  #sweptAtMs = 0

  constructor(now: () => number, maxEntries: number = replayStoreMaxEntries) {
    this.#now = now
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#ends.size
  }

  add(key: string, expiresAtMs: number): boolean {
    const nowMs = this.#now()
    this.#dropOldest(nowMs)
    const endsAtMs = this.#ends.get(key)
    if (endsAtMs !== undefined && endsAtMs > nowMs) return false
    this.#ends.delete(key)
    if (this.#ends.size >= this.#maxEntries) this.#sweep(nowMs)
    if (this.#ends.size >= this.#maxEntries) {
      throw new Error(`the replay store is full: ${this.#maxEntries} keys that have not ended`)
    }
    this.#ends.set(key, expiresAtMs)
    return true
  }

  async close(): Promise<void> {
    this.#ends.clear()
  }

  #dropOldest(nowMs: number): void {
    for (const [key, endsAtMs] of this.#ends) {
      if (endsAtMs > nowMs) return
      this.#ends.delete(key)
    }
  }

  #sweep(nowMs: number): void {
    // A clock that was set back must not keep the store full.
    if (Math.abs(nowMs - this.#sweptAtMs) < sweepIntervalMs) return
    this.#sweptAtMs = nowMs
    for (const [key, endsAtMs] of this.#ends) if (endsAtMs <= nowMs) this.#ends.delete(key)
  }
}
