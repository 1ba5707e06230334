import { createHmac } from 'node:crypto'
import type { Services } from '../../core/index.ts'
import type { User } from './users.ts'

/** How long a password that was right needs no second hash, in milliseconds. */
export const successMaxAgeMs = 60_000
/** How many right passwords are remembered. */
export const successMax = 1_000

/**
 * Remembers which passwords were right, never which were wrong, and no password: keys are HMACs under a random key
 * that this store alone has, over the stored hash too, so that a changed password ends its entry.
 */
export class SuccessCache {
  readonly #now: () => number
  readonly #pepper: Uint8Array
  readonly #provenAtMs = new Map<string, number>()

  constructor(services: Pick<Services, 'now' | 'random'>) {
    this.#now = () => services.now()
    this.#pepper = services.random(32)
  }

  has(user: User, password: string): boolean {
    const provenAtMs = this.#provenAtMs.get(this.#key(user, password))
    if (provenAtMs === undefined) return false
    const ageMs = this.#now() - provenAtMs
    return ageMs >= 0 && ageMs < successMaxAgeMs
  }

  add(user: User, password: string): void {
    const key = this.#key(user, password)
    this.#provenAtMs.delete(key)
    this.#provenAtMs.set(key, this.#now())
    for (const oldest of this.#provenAtMs.keys()) {
      if (this.#provenAtMs.size <= successMax) return
      this.#provenAtMs.delete(oldest)
    }
  }

  #key(user: User, password: string): string {
    const hmac = createHmac('sha256', this.#pepper)
    // A stored hash holds no line break and a user name no colon: the parts cannot run into each other.
    return hmac.update(`${user.stored.reveal()}\n${user.username}:${password}`).digest('base64')
  }
}
