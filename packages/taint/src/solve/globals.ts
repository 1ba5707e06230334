import type { Globals, Obj, Value, Version } from '../summary/index.ts'
import { EMPTY, isElement, join, sameValue } from '../summary/index.ts'

interface Shared {
  readonly fields: Map<string, Value>
  readonly versions: Map<string, { changed: number }>
  /** Changes with every field. */
  readonly all: { changed: number }
  /** Changes when a field is there for the first time. */
  readonly shape: { changed: number }
  /** The join of what a read of any field sees, kept up at each write: such reads are many, and objects large. */
  elements: Value
}

/** Module-level state of the whole program. It only grows, and notes when which part of it grew. */
export class GlobalHeap implements Globals {
  readonly #objects = new Map<Obj, Shared>()
  #clock = 0

  read(obj: Obj, field: string, reads: Set<Version>): Value {
    const shared = this.#shared(obj)
    reads.add(shared.versions.get(field) ?? shared.shape)
    return shared.fields.get(field) ?? EMPTY
  }

  fields(obj: Obj, reads: Set<Version>): ReadonlyMap<string, Value> {
    const shared = this.#shared(obj)
    reads.add(shared.all)
    return shared.fields
  }

  elements(obj: Obj, reads: Set<Version>): Value {
    const shared = this.#shared(obj)
    reads.add(shared.all)
    return shared.elements
  }

  write(obj: Obj, field: string, value: Value): void {
    const shared = this.#shared(obj)
    const before = shared.fields.get(field)
    const after = before === undefined ? value : join(before, value)
    if (before !== undefined && sameValue(before, after)) return
    shared.fields.set(field, after)
    if (isElement(field)) shared.elements = join(shared.elements, after)
    this.#clock += 1
    this.#touch(shared, field)
  }

  #touch(shared: Shared, field: string): void {
    const version = shared.versions.get(field)
    if (version !== undefined) version.changed = this.#clock
    else {
      shared.versions.set(field, { changed: this.#clock })
      shared.shape.changed = this.#clock
    }
    shared.all.changed = this.#clock
  }

  #shared(obj: Obj): Shared {
    let shared = this.#objects.get(obj)
    if (shared === undefined) {
      shared = {
        fields: new Map(),
        versions: new Map(),
        all: { changed: 0 },
        shape: { changed: 0 },
        elements: EMPTY,
      }
      this.#objects.set(obj, shared)
    }
    return shared
  }

  get clock(): number {
    return this.#clock
  }
}

/** Whether any of what was read has changed since. */
export function isOutdated(reads: ReadonlySet<Version>, clock: number): boolean {
  for (const version of reads) if (version.changed > clock) return true
  return false
}
