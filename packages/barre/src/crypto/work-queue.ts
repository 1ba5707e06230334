import { ok, refuse } from '../core/index.ts'
import type { Result } from '../core/index.ts'

/** Runs a bounded number of jobs at once and lets a bounded number wait; refuses the rest as `throttled`. */
export class WorkQueue {
  readonly #concurrency: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(concurrency: number, waitingMax: number) {
    this.#concurrency = concurrency
    this.#waitingMax = waitingMax
  }

  async run<T>(job: () => Promise<T>): Promise<Result<T>> {
    if (this.#running >= this.#concurrency) {
      if (this.#waiting.length >= this.#waitingMax) {
        return refuse('throttled', `${this.#waitingMax} password checks wait already`, {
          retryAfterSeconds: 1,
        })
      }
      // The job that ends hands its place over, so that none can slip in between.
      await new Promise<void>((resume) => this.#waiting.push(resume))
    } else {
      this.#running++
    }
    try {
      return ok(await job())
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}
