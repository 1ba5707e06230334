/** The most that is kept for a reader to come. */
export const keptMax = 64

/** What came, and those who wait for it. */
export interface Inbox<T> {
  /** Takes one; what nobody waits for is kept, or lost where it is too much. */
  put(datagram: T): void
  /** Gives the next one; rejects when none comes in time. */
  take(): Promise<T>
}

export function createInbox<T>(timeoutMs: number): Inbox<T> {
  const kept: T[] = []
  const waiting: ((datagram: T) => void)[] = []
  return {
    put(datagram: T): void {
      const next = waiting.shift()
      if (next !== undefined) next(datagram)
      else if (kept.length < keptMax) kept.push(datagram)
    },
    take(): Promise<T> {
      const first = kept.shift()
      if (first !== undefined) return Promise.resolve(first)
      return new Promise((resolve, reject) => {
        const give = (datagram: T): void => {
          clearTimeout(timer)
          resolve(datagram)
        }
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(give), 1)
          reject(new Error(`no datagram came within ${timeoutMs} ms`))
        }, timeoutMs)
        waiting.push(give)
      })
    },
  }
}
