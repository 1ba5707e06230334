/** How much a cache may hold; the least recently used entries leave first. */
export interface CacheLimits {
  readonly maxEntries: number
  /** Of the entries' own estimates of their size. */
  readonly maxBytes: number
  /** The share of `maxEntries` that leaves at once when the cache is full; default: one entry at a time. */
  readonly evictionFactor?: number
}

interface Entry<V> {
  readonly value: V
  readonly bytes: number
  readonly expiresAtMs: number
  /** How many entries had been stored when this one was last moved. */
  movedAt: number
}

/** An entry is not moved again until so many entries, as a share of all, were stored since. */
const restingShare = 1 / 8

/**
 * A least-recently-used cache that is bounded by entries and by bytes; the clock is an argument of each read. Of two
 * entries that were used while less than an eighth of the cache was stored anew, either may leave first.
 */
export class BoundedCache<K, V> {
  readonly #limits: CacheLimits
  /** In order of use: a Map lists its members as they were inserted, and a hit inserts anew. */
  readonly #entries = new Map<K, Entry<V>>()
  #bytes = 0
  #stored = 0

  constructor(limits: CacheLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The value, unless it is absent or `expiresAtMs` has come. */
  get(key: K, nowMs: number): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.expiresAtMs <= nowMs) {
      this.delete(key)
      return undefined
    }
    if (this.#stored - entry.movedAt >= Math.floor(this.#entries.size * restingShare)) this.#move(key, entry)
    return entry.value
  }

  /** Stores a value, in place of an older one; one that is larger than the whole cache is not stored. */
  set(key: K, value: V, room: { readonly bytes: number; readonly expiresAtMs: number }): void {
    this.delete(key)
    if (room.bytes > this.#limits.maxBytes) return
    const movedAt = ++this.#stored
    this.#entries.set(key, { value, bytes: room.bytes, expiresAtMs: room.expiresAtMs, movedAt })
    this.#bytes += room.bytes
    this.#evict()
  }

  delete(key: K): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    this.#bytes -= entry.bytes
    return this.#entries.delete(key)
  }

  /** Every live or expired value, the least recently used first; for rare events such as a revocation. */
  *entries(): Generator<readonly [K, V]> {
    for (const [key, entry] of this.#entries) yield [key, entry.value]
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }

  /** To the end, where the last to leave are. */
  #move(key: K, entry: Entry<V>): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    entry.movedAt = this.#stored
  }

  #evict(): void {
    const { maxEntries, maxBytes, evictionFactor = 0 } = this.#limits
    // The newest entry stays, however large the share.
    const kept = Math.min(maxEntries, Math.max(1, Math.floor(maxEntries * (1 - evictionFactor))))
    const limit = this.#entries.size > maxEntries ? kept : maxEntries
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= limit && this.#bytes <= maxBytes) return
      this.delete(key)
    }
  }
}
