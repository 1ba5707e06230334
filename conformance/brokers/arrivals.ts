import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/** The numbered messages that have arrived, and what came more than once. */
export class Arrivals {
  readonly #ids = new Set<number>()
  readonly #copies = new Set<string>()
  readonly #done = new Set<string>()
  #isClosed = false
  readonly #events = new EventEmitter()
  /** Copies that a broker has delivered again. */
  readonly repeated: string[] = []
  /** Those of them of which it did not say so. */
  readonly unmarked: string[] = []
  /** Those of them that it knew to be done with. */
  readonly afterDone: string[] = []

  /** `copy`: the message and its attempt to publish it. `again`: the broker says that it may have come before. */
  add(id: number, copy = `${id}`, again = false): void {
    if (this.#copies.has(copy)) {
      this.repeated.push(copy)
      if (!again) this.unmarked.push(copy)
      if (this.#done.has(copy)) this.afterDone.push(copy)
    }
    this.#copies.add(copy)
    this.#ids.add(id)
    this.#events.emit('arrival')
  }

  /** The broker has confirmed that this copy is done with. */
  done(copy: string): void {
    if (!this.#isClosed) this.#done.add(copy)
  }

  /** From now on that does not count: a broker that crashes soon may not have written it down. */
  closeBooks(): void {
    this.#isClosed = true
  }

  /** Resolves when every message below `count` is there. */
  async all(count: number, signal: AbortSignal): Promise<void> {
    while (this.#missing(count).length > 0) await once(this.#events, 'arrival', { signal })
  }

  #missing(count: number): readonly number[] {
    return Array.from({ length: count }, (_, id) => id).filter((id) => !this.#ids.has(id))
  }
}

const attemptsMax = 1000
const betweenAttemptsMs = 50

/**
 * Publishes until the broker has confirmed it: what a program does that must not lose a message. Gives how many
 * attempts that took: each of them, but the last, may be there too.
 */
export async function insist(publish: (attempt: number) => Promise<unknown>): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      await publish(attempt)
      return attempt
    } catch (error) {
      if (attempt === attemptsMax) throw error
      await delay(betweenAttemptsMs)
    }
  }
}
