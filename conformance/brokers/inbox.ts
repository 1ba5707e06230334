/** What has arrived and was not taken yet; taking waits for what has not. */
export class Inbox<T> {
  readonly #arrived: T[] = []
  readonly #waiting: ((item: T) => void)[] = []

  put(item: T): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#arrived.push(item)
    else next(item)
  }

  /** Rejects when the signal is aborted while it waits. */
  take(signal: AbortSignal): Promise<T> {
    const item = this.#arrived.shift()
    if (item !== undefined) return Promise.resolve(item)
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve)
      signal.addEventListener('abort', () => reject(new Error('nothing came')), { once: true })
    })
  }
}
