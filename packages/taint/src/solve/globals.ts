import type { Globals, Obj, Value } from '../summary/index.ts'
import { EMPTY, join, sameValue } from '../summary/index.ts'

/** Module-level state of the whole program. It only grows, and says which object grew since when. */
export class GlobalHeap implements Globals {
  readonly #objects = new Map<Obj, Map<string, Value>>()
  readonly #changed = new Map<Obj, number>()
  #clock = 0

  read(obj: Obj, field: string): Value {
    return this.#objects.get(obj)?.get(field) ?? EMPTY
  }

  fields(obj: Obj): ReadonlyMap<string, Value> {
    return this.#objects.get(obj) ?? NONE
  }

  write(obj: Obj, field: string, value: Value): void {
    let fields = this.#objects.get(obj)
    if (fields === undefined) {
      fields = new Map()
      this.#objects.set(obj, fields)
    }
    const before = fields.get(field)
    const after = before === undefined ? value : join(before, value)
    if (before !== undefined && sameValue(before, after)) return
    fields.set(field, after)
    this.#clock += 1
    this.#changed.set(obj, this.#clock)
  }

  get clock(): number {
    return this.#clock
  }

  changedAfter(obj: Obj, clock: number): boolean {
    return (this.#changed.get(obj) ?? 0) > clock
  }
}

const NONE: ReadonlyMap<string, Value> = new Map()
