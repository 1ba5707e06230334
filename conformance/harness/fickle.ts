import { ok, refuse, toPrincipal } from 'barre/core'
import type { Provider } from 'barre/core'

/** A provider that accepts everything, until `turn()`: then it refuses what it has seen before. */
export interface Fickle extends Provider<string> {
  /** Every Authorization value, in the order of the calls. */
  readonly seen: string[]
  turn(): void
}

export function fickle(): Fickle {
  const seen: string[] = []
  let disliked: ReadonlySet<string> = new Set()
  return {
    seen,
    turn() {
      disliked = new Set(seen)
    },
    schemes: ['Bearer'],
    read: (call) => ok(call.metadata('authorization')[0] ?? ''),
    verify(value) {
      seen.push(value)
      if (disliked.has(value)) return refuse('invalid', 'seen before')
      return ok({ principal: toPrincipal({ id: 'machine', username: 'machine', scheme: 'Bearer' }) })
    },
    challenges: () => ['Bearer'],
  }
}
