import type { Delivery } from '../../core/index.ts'

/** What is known of an envelope: it is new, of a message that is delivered again, of a copy; or nobody can tell. */
export type Sighting = 'new' | 'again' | 'copy' | 'full'

interface Seen {
  readonly delivery: Delivery | undefined
  readonly untilMs: number
}

/** Remembers each envelope for one length of time, so the oldest is always the next to be forgotten. */
export class ReplayWindow {
  readonly #seen = new Map<string, Seen>()
  readonly #windowMs: number
  readonly #capacity: number

  constructor(windowMs: number, capacity: number) {
    this.#windowMs = windowMs
    this.#capacity = capacity
  }

  /** Looks at an envelope, and remembers it when it is new. */
  look(id: string, delivery: Delivery | undefined, nowMs: number): Sighting {
    this.#forget(nowMs)
    const seen = this.#seen.get(id)
    if (seen !== undefined) return isSame(seen.delivery, delivery) ? 'again' : 'copy'
    if (this.#seen.size >= this.#capacity) return 'full'
    this.#seen.set(id, { delivery, untilMs: nowMs + this.#windowMs })
    return 'new'
  }

  clear(): void {
    this.#seen.clear()
  }

  #forget(nowMs: number): void {
    for (const [id, { untilMs }] of this.#seen) {
      if (untilMs > nowMs) return
      this.#seen.delete(id)
    }
  }
}

/** Whether it is one message: judged once more, known by its place, or said by the broker to be delivered again. */
function isSame(seen: Delivery | undefined, now: Delivery | undefined): boolean {
  if (seen === undefined || now === undefined) return false
  return seen === now || (now.id === undefined ? now.again : now.id === seen.id)
}
