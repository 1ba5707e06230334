import type { Binding } from '../graph/index.ts'
import type { Obj } from './object.ts'
import type { Value } from './value.ts'
import { EMPTY, join, sameValue } from './value.ts'

/** What may be read for a slot nothing was written to: a symbolic object's unread field, a global's. */
export type Missing = (obj: Obj, field: string) => Value

/** A cell of the state: a local variable, or one field of one object. */
interface Slots {
  readonly vars: Map<Binding, Value>
  readonly heap: Map<Obj, Map<string, Value>>
  readonly facts: Map<string, number>
}

/**
 * The state at one point of a function. A fork sees its parent and keeps only what changed, so that
 * branching and merging cost as much as the branches wrote, not as much as the function knows.
 */
export class State {
  readonly #parent: State | undefined
  readonly #missing: Missing
  #slots: Slots = { vars: new Map(), heap: new Map(), facts: new Map() }
  isDead = false

  constructor(missing: Missing, parent?: State) {
    this.#missing = missing
    this.#parent = parent
    this.isDead = parent?.isDead ?? false
  }

  fork(): State {
    return new State(this.#missing, this)
  }

  /** A state that knows nothing. */
  blank(): State {
    return new State(this.#missing)
  }

  getVar(binding: Binding): Value {
    return this.#slots.vars.get(binding) ?? this.#parent?.getVar(binding) ?? EMPTY
  }

  setVar(binding: Binding, value: Value): void {
    this.#slots.vars.set(binding, value)
  }

  /** What this function wrote to the field, or undefined. */
  written(obj: Obj, field: string): Value | undefined {
    return this.#slots.heap.get(obj)?.get(field) ?? this.#parent?.written(obj, field)
  }

  setField(obj: Obj, field: string, value: Value): void {
    let fields = this.#slots.heap.get(obj)
    if (fields === undefined) {
      fields = new Map()
      this.#slots.heap.set(obj, fields)
    }
    fields.set(field, value)
  }

  /** Every field written so far; nearer writes win. */
  fields(obj: Obj): Map<string, Value> {
    const all = this.#parent?.fields(obj) ?? new Map<string, Value>()
    for (const [field, value] of this.#slots.heap.get(obj) ?? []) all.set(field, value)
    return all
  }

  hasFields(obj: Obj): boolean {
    return this.#slots.heap.has(obj) || this.#parent?.hasFields(obj) === true
  }

  /** Every object this function wrote to. */
  objects(): Set<Obj> {
    const all = this.#parent?.objects() ?? new Set<Obj>()
    for (const obj of this.#slots.heap.keys()) all.add(obj)
    return all
  }

  /** Kinds that a check has ruled out for the place a key names. */
  fact(key: string): number {
    return this.#slots.facts.get(key) ?? this.#parent?.fact(key) ?? 0
  }

  setFact(key: string, kinds: number): void {
    this.#slots.facts.set(key, kinds)
  }

  /** Forgets what was known of a variable and of everything reached through it. */
  dropFacts(prefix: string): void {
    for (const key of this.#factKeys()) if (key.startsWith(prefix)) this.#slots.facts.set(key, 0)
  }

  #factKeys(): Set<string> {
    const keys = this.#parent === undefined ? new Set<string>() : this.#parent.#factKeys()
    for (const key of this.#slots.facts.keys()) keys.add(key)
    return keys
  }

  /** All that changed since `base`, as one loose state: it stays as it is when its ancestors go on. */
  since(base: State): State {
    const loose = new State(this.#missing, base)
    this.#pour(base, loose)
    loose.isDead = this.isDead
    return loose
  }

  #pour(base: State, into: State): void {
    if (this.#parent !== undefined && this.#parent !== base) this.#parent.#pour(base, into)
    into.#absorb(this.#slots)
  }

  #absorb(slots: Slots): void {
    for (const [binding, value] of slots.vars) this.#slots.vars.set(binding, value)
    for (const [obj, fields] of slots.heap)
      for (const [field, value] of fields) this.setField(obj, field, value)
    for (const [key, kinds] of slots.facts) this.#slots.facts.set(key, kinds)
  }

  /** Continues from any of the forks; with `orNone`, also as if none had run. True when something changed. */
  merge(forks: readonly State[], orNone: boolean): boolean {
    const live = forks.filter((fork) => !fork.isDead).map((fork) => fork.since(this))
    if (live.length === 0) {
      if (!orNone) this.isDead = true
      return false
    }
    const before = new State(this.#missing, this)
    const sides = orNone ? [before, ...live] : live
    const changes = this.#joined(sides)
    this.#absorb(changes.slots)
    return changes.isNew
  }

  #joined(sides: readonly State[]): { slots: Slots; isNew: boolean } {
    const slots: Slots = { vars: new Map(), heap: new Map(), facts: new Map() }
    let isNew = false
    for (const side of sides) {
      for (const binding of side.#slots.vars.keys()) {
        if (slots.vars.has(binding)) continue
        const value = sides.map((one) => one.getVar(binding)).reduce(join)
        slots.vars.set(binding, value)
        isNew ||= !sameValue(value, this.getVar(binding))
      }
      for (const [obj, fields] of side.#slots.heap)
        isNew = this.#joinFields(sides, obj, fields, slots.heap) || isNew
      for (const key of side.#slots.facts.keys())
        slots.facts.set(
          key,
          sides.map((one) => one.fact(key)).reduce((a, b) => a & b),
        )
    }
    return { slots, isNew }
  }

  #joinFields(
    sides: readonly State[],
    obj: Obj,
    fields: ReadonlyMap<string, Value>,
    into: Map<Obj, Map<string, Value>>,
  ): boolean {
    let joined = into.get(obj)
    if (joined === undefined) {
      joined = new Map()
      into.set(obj, joined)
    }
    let isNew = false
    for (const field of fields.keys()) {
      if (joined.has(field)) continue
      const value = sides.map((one) => one.written(obj, field) ?? this.#missing(obj, field)).reduce(join)
      joined.set(field, value)
      isNew ||= !sameValue(value, this.written(obj, field) ?? EMPTY)
    }
    return isNew
  }
}
