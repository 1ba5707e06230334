/** Runs `work` for a key unless it is running already; whoever asks meanwhile shares its outcome, a failure too. */
export type SingleFlight<K, V> = (key: K, work: () => Promise<V>) => Promise<V>

/**
 * One upstream call per key at a time. Nothing outlives the call: a failure reaches those who waited for it and nobody later.
 * Bounded by its callers: it holds one promise per key for which somebody waits.
 */
export function singleFlight<K, V>(): SingleFlight<K, V> {
  const flights = new Map<K, Promise<V>>()
  return (key, work) => {
    const known = flights.get(key)
    if (known !== undefined) return known
    const flight = work().finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}
