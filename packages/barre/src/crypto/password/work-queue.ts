/** Runs a bounded number of jobs at once, lets a bounded number wait, and takes no more than that. */
export class WorkQueue {
  readonly #concurrency: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(concurrency: number, waitingMax: number) {
    this.#concurrency = concurrency
    this.#waitingMax = waitingMax
  }

  /** The job's outcome, in its turn; `undefined` when too many wait already, and the job is not run. */
  run<T>(job: () => Promise<T>): Promise<T> | undefined {
    if (this.#running < this.#concurrency) {
      this.#running++
      return this.#finish(job)
    }
    if (this.#waiting.length >= this.#waitingMax) return undefined
    return new Promise<void>((resume) => this.#waiting.push(resume)).then(() => this.#finish(job))
  }

  async #finish<T>(job: () => Promise<T>): Promise<T> {
    try {
      return await job()
    } finally {
      // The place is handed over, so that no newcomer can slip in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}
