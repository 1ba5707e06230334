import type { Dispatcher } from 'undici'

type Given = Dispatcher.DispatchOptions['headers']
type Value = string | string[]

/** A copy of a request's headers, in whatever form undici takes them, with these in place of those of their names. */
export function replaceHeaders(
  given: Given,
  replacing: readonly (readonly [name: string, value: string])[],
): Record<string, Value> {
  const headers: Record<string, Value> = Object.create(null) as Record<string, Value>
  // A proof that was made for another credential must not go along either.
  const replaced = new Set(['authorization', 'dpop', ...replacing.map(([name]) => name)])
  for (const [name, value] of toEntries(given)) {
    if (value === undefined || replaced.has(name.toLowerCase())) continue
    const known = headers[name]
    headers[name] = known === undefined ? value : [known, value].flat()
  }
  for (const [name, value] of replacing) headers[name] = value
  return headers
}

type Entry = readonly [name: string, value: Value | undefined]

function toEntries(given: Given): Iterable<Entry> {
  if (given === null || given === undefined) return []
  if (Array.isArray(given) && given.every((item) => typeof item === 'string')) return pairs(given)
  if (Symbol.iterator in given) return given as Iterable<Entry>
  return Object.entries(given) as readonly Entry[]
}

/** Names and values in turn. */
function pairs(flat: readonly string[]): readonly Entry[] {
  return flat.flatMap((name, index): Entry[] => (index % 2 === 0 ? [[name, flat[index + 1]]] : []))
}
