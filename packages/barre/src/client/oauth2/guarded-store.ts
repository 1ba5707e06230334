import { CircuitBreaker, describeFetchError, ok, refuse } from '../../core/index.ts'
import type { Result, Services, SharedStore } from '../../core/index.ts'

/** Asks a store that may be slow or away: costs little then, and never rejects. */
export type GuardedStore = <T>(ask: (store: SharedStore) => Promise<T>) => Promise<Result<T>>

/** How long the store may take for an answer, in milliseconds. */
const storeMaxMs = 1000

export function guardStore(store: SharedStore, services: Services): GuardedStore {
  const breaker = new CircuitBreaker(() => (services.random(1)[0] ?? 0) / 255)
  return async (ask) => {
    if (breaker.enter(services.now()) > 0) return away
    try {
      const value = await inTime(ask(store))
      breaker.succeeded()
      return ok(value)
    } catch (error) {
      breaker.failed(services.now())
      services.log.warn(
        { reason: describeFetchError(error) },
        'the store of shared tokens fails, this process goes on alone',
      )
      return away
    }
  }
}

const away = refuse('unavailable', 'the store of shared tokens cannot be asked')

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${storeMaxMs} ms`)), storeMaxMs)
    timer.unref()
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
