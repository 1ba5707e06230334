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

  getVar(binding: Binding): Value {
    return this.#ownVar(binding) ?? EMPTY
  }

  #ownVar(binding: Binding): Value | undefined {
    for (let at: State | undefined = this; at !== undefined; at = at.#parent) {
      const found = at.#slots.vars.get(binding)
      if (found !== undefined) return found
    }
    return undefined
  }

  setVar(binding: Binding, value: Value): void {
    this.#slots.vars.set(binding, value)
  }

  /** What this function wrote to the field, or undefined. */
  written(obj: Obj, field: string): Value | undefined {
    for (let at: State | undefined = this; at !== undefined; at = at.#parent) {
      const found = at.#slots.heap.get(obj)?.get(field)
      if (found !== undefined) return found
    }
    return undefined
  }

  setField(obj: Obj, field: string, value: Value): void {
    let fields = this.#slots.heap.get(obj)
    if (fields === undefined) {
      fields = new Map()
      this.#slots.heap.set(obj, fields)
    }
    fields.set(field, value)
  }

  /** Every field written so far, nearest write first. */
  fields(obj: Obj): Map<string, Value> {
    const all = new Map<string, Value>()
    for (let at: State | undefined = this; at !== undefined; at = at.#parent) {
      const fields = at.#slots.heap.get(obj)
      if (fields === undefined) continue
      for (const [field, value] of fields) if (!all.has(field)) all.set(field, value)
    }
    return all
  }

  /** Every object this function wrote to. */
  objects(): Set<Obj> {
    const all = new Set<Obj>()
    for (let at: State | undefined = this; at !== undefined; at = at.#parent)
      for (const obj of at.#slots.heap.keys()) all.add(obj)
    return all
  }

  /** Kinds that a check has ruled out for the place a key names. */
  fact(key: string): number {
    for (let at: State | undefined = this; at !== undefined; at = at.#parent) {
      const found = at.#slots.facts.get(key)
      if (found !== undefined) return found
    }
    return 0
  }

  setFact(key: string, kinds: number): void {
    this.#slots.facts.set(key, kinds)
  }

  /** Forgets what was known of a variable and of everything reached through it. */
  dropFacts(prefix: string): void {
    for (let at: State | undefined = this; at !== undefined; at = at.#parent) {
      for (const key of at.#slots.facts.keys()) if (key.startsWith(prefix)) this.#slots.facts.set(key, 0)
    }
  }

  /** All that changed since `base`, as one loose state: it stays as it is when its ancestors go on. */
  since(base: State): State {
    const chain: State[] = []
    for (let at: State | undefined = this; at !== undefined && at !== base; at = at.#parent) chain.unshift(at)
    const loose = new State(this.#missing, base)
    for (const layer of chain) loose.#absorb(layer.#slots)
    return loose
  }

  #absorb(slots: Slots): void {
    for (const [binding, value] of slots.vars) this.#slots.vars.set(binding, value)
    for (const [obj, fields] of slots.heap)
      for (const [field, value] of fields) this.setField(obj, field, value)
    for (const [key, kinds] of slots.facts) this.#slots.facts.set(key, kinds)
  }

  /** Takes over what one fork did, when no other way leads on from here. */
  adopt(fork: State): void {
    const layer = fork.since(this)
    this.#absorb(layer.#slots)
    this.isDead = fork.isDead
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
