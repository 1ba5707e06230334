import { isPromise } from './result.ts'
import type { Awaitable } from './result.ts'

/** Runs `work` for a key unless it is running already; whoever asks meanwhile shares its outcome, a failure too. */
export type SingleFlight<K, V> = (key: K, work: () => Awaitable<V>) => Awaitable<V>

/**
 * One upstream call per key at a time; work that answers at once is simply done. Nothing outlives the call: a
 * failure reaches those who waited for it and nobody later. Bounded by its callers: it holds one promise per key
 * for which somebody waits.
 */
export function singleFlight<K, V>(): SingleFlight<K, V> {
  const flights = new Map<K, Promise<V>>()
  return (key, work) => {
    const known = flights.get(key)
    if (known !== undefined) return known
    const outcome = work()
    if (!isPromise(outcome)) return outcome
    const flight = outcome.finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}
