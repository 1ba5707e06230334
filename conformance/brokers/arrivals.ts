import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/** The numbered messages that have arrived, each however often. */
export class Arrivals {
  readonly #seen = new Set<number>()
  readonly #events = new EventEmitter()

  add(id: number): void {
    this.#seen.add(id)
    this.#events.emit('arrival')
  }

  /** Resolves when every message below `count` is there. */
  async all(count: number, signal: AbortSignal): Promise<void> {
    while (this.#missing(count).length > 0) await once(this.#events, 'arrival', { signal })
  }

  #missing(count: number): readonly number[] {
    return Array.from({ length: count }, (_, id) => id).filter((id) => !this.#seen.has(id))
  }
}

const attemptsMax = 1000
const betweenAttemptsMs = 50

/** Publishes until the broker has confirmed it: what a program does that must not lose a message. */
export async function insist(publish: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await publish()
      return
    } catch (error) {
      if (attempt === attemptsMax) throw error
      await delay(betweenAttemptsMs)
    }
  }
}
