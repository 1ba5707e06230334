import type { Func, Module, Span } from '../graph/index.ts'
import type { Obj } from './object.ts'
import type { Label, Value } from './value.ts'

export interface Arg {
  readonly value: Value
  readonly spread: boolean
  readonly span?: Span
}

/** A dangerous place: an argument of a modelled call, or an annotated parameter. */
export interface SinkSite {
  readonly module: Module
  readonly span: Span
  readonly kind: string
  readonly parameter: string
  /** What is called there: `pg Client.query`. */
  readonly callee: string
  /** An annotated parameter: the danger is where the argument is written, not where it is declared. */
  readonly isParameter: boolean
}

/** A call whose callee only the caller knows: a callback, a method of a parameter. */
export interface Deferred {
  readonly id: number
  readonly callee: Value
  readonly thisValue: Value
  readonly args: readonly Arg[]
  readonly isNew: boolean
  readonly name: string
  readonly module: Module
  readonly span: Span
}

/** A field the function leaves written, of an object it did not make. */
export interface Effect {
  readonly target: Obj
  readonly field: string
  readonly value: Value
}

/** A part of module-level state, with the time of its last change. */
export interface Version {
  readonly changed: number
}

/** What calling a function does, in terms of what it is given. */
export interface Summary {
  readonly func: Func
  readonly returned: Value
  readonly thrown: Value
  readonly effects: readonly Effect[]
  /** Fields of the objects it made that outlive it. */
  readonly made: ReadonlyMap<Obj, ReadonlyMap<string, Value>>
  readonly sinks: readonly { readonly label: Label; readonly site: SinkSite }[]
  readonly deferred: readonly Deferred[]
  /** Parameters that a truthy (or falsy) result proves harmless for these kinds. */
  readonly guards: readonly Guard[]
  /** What it read of module-level state. */
  readonly reads: ReadonlySet<Version>
  readonly callees: ReadonlySet<Func>
}

export interface Guard {
  readonly param: number
  readonly kinds: number
  readonly outcome: boolean
}

const NONE: ReadonlySet<never> = new Set()

export function emptySummary(func: Func): Summary {
  const nothing: Value = { labels: [], refs: [], cleared: 0, constants: [] }
  return {
    func,
    returned: nothing,
    thrown: nothing,
    effects: [],
    made: new Map(),
    sinks: [],
    deferred: [],
    guards: [],
    reads: NONE,
    callees: NONE,
  }
}
