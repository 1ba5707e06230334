/** The part of a lease after which it is renewed. */
const renewAfter = 0.8

/** The wait between two tries of a renewal, in milliseconds: the first, and the longest. */
const retryMs = { first: 1000, longest: 900_000 } as const

/** The longest wait that a timer can have. */
const timerMaxMs = 2_147_483_647

/** Asks for a lease again before it ends, and goes on asking until it is armed with the next lease or stopped. */
export class Renewal {
  readonly #now: () => number
  readonly #renew: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(now: () => number, renew: () => void) {
    this.#now = now
    this.#renew = renew
  }

  arm(endsAtMs: number): void {
    const fromMs = this.#now()
    this.#wait(fromMs + (endsAtMs - fromMs) * renewAfter, retryMs.first)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #wait(untilMs: number, nextMs: number): void {
    clearTimeout(this.#timer)
    const leftMs = untilMs - this.#now()
    this.#timer = setTimeout(
      () => {
        if (leftMs > timerMaxMs) return this.#wait(untilMs, nextMs)
        this.#wait(this.#now() + nextMs, Math.min(nextMs * 2, retryMs.longest))
        this.#renew()
      },
      Math.min(Math.max(leftMs, 0), timerMaxMs),
    )
    this.#timer.unref()
  }
}
