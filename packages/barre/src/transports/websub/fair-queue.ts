/** What waits for one key, and how many of it are being worked on. */
interface Line<T> {
  readonly waiting: T[]
  active: number
}

/**
 * Work in lines, one for each key: the keys take turns, so that a slow one holds up nobody but itself. Bounded by its
 * callers.
 */
export class FairQueue<T> {
  readonly #atOnceMax: number
  readonly #perKeyMax: number
  /** In the order of their turns: a Map lists its members as they were inserted, and a turn inserts anew. */
  readonly #lines = new Map<string, Line<T>>()
  #active = 0

  /** How many items may be worked on at one time, of all keys and of one. */
  constructor(atOnceMax: number, perKeyMax: number) {
    this.#atOnceMax = atOnceMax
    this.#perKeyMax = perKeyMax
  }

  push(key: string, item: T): void {
    const line = this.#lines.get(key)
    if (line === undefined) this.#lines.set(key, { waiting: [item], active: 0 })
    else line.waiting.push(item)
  }

  /** The next item that may be worked on; `done` of its key must follow. */
  take(): { readonly key: string; readonly item: T } | undefined {
    if (this.#active === this.#atOnceMax) return undefined
    for (const [key, line] of this.#lines) {
      if (line.active === this.#perKeyMax) continue
      const item = line.waiting.shift()
      if (item === undefined) continue
      line.active++
      this.#active++
      this.#lines.delete(key)
      this.#lines.set(key, line)
      return { key, item }
    }
    return undefined
  }

  done(key: string): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    line.active--
    this.#active--
    if (line.active + line.waiting.length === 0) this.#lines.delete(key)
  }

  /** Forgets what waits. */
  clear(): void {
    for (const line of this.#lines.values()) line.waiting.length = 0
  }
}
