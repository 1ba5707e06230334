import type { Binding, Expr, Func, Module, Span } from '../graph/index.ts'
import type { Models } from '../models/index.ts'
import type { Heap, Obj } from './object.ts'
import type { State } from './state.ts'
import type { Arg, Deferred, SinkSite, Summary, Version } from './summary.ts'
import type { Label, Source, Step, Value } from './value.ts'

/** What the engine is told from outside. */
export interface Options {
  /** An unknown function passes its arguments' taint on to its result. */
  readonly passUnknown: boolean
  /** The original's rules: module-level variables take no tainted data. */
  readonly strictGlobals: boolean
  /** Every `untaint` gives its reason in a comment. */
  readonly reasons: boolean
  /** Sources of these kinds count. */
  readonly threats: ReadonlySet<string>
  /** Functions whose parameters come from other programs. */
  readonly entries: ReadonlySet<Func>
}

/** Module-level state, seen alike from every function: it only grows. */
export interface Globals {
  /** One field; like the reads below, it notes in `reads` what it has seen. */
  read(obj: Obj, field: string, reads: Set<Version>): Value
  fields(obj: Obj, reads: Set<Version>): ReadonlyMap<string, Value>
  /** What any of its fields may hold. */
  elements(obj: Obj, reads: Set<Version>): Value
  write(obj: Obj, field: string, value: Value): void
}

/** What one analysis of a whole program shares. */
export interface World {
  readonly heap: Heap
  readonly models: Models
  readonly options: Options
  readonly globals: Globals
  summaryOf(func: Func): Summary
  /** A call that may come at any time after module-level code: it sees and changes program-wide state only. */
  callLate(frame: Frame, func: Func, call: Call, closure: Obj | undefined): Outcome
  report(label: Label, site: SinkSite, argument?: Step): void
  /** A rule of the language surface is broken at this place. */
  diagnose(kind: string, module: Module, span: Span, message: string): void
  source(kind: string, text: string, step: Step, isImplicit: boolean, confidence: number): Source | undefined
  /** An id for a call seen through another call; bounded. */
  nestCall(outer: number, inner: number): number | undefined
}

export interface Call {
  readonly id: number
  /** Where the call is written; for a callback run by a callee, inside that callee. */
  readonly module: Module
  readonly span: Span
  readonly args: readonly Arg[]
  readonly thisValue: Value
  readonly isNew: boolean
  /** The name the callee was called by. */
  readonly name: string
  /** Literal type arguments, or `tagged` for a tagged template. */
  readonly kinds?: readonly string[]
}

export interface Outcome {
  readonly value: Value
  readonly thrown: Value
}

/** A call that no source text spells out: an accessor, a callback run by a library. */
export function impliedCall(
  frame: Frame,
  id: number,
  thisValue: Value,
  args: readonly Arg[],
  name: string,
): Call {
  return { id, module: frame.func.module, span: frame.span, args, thisValue, isNew: false, name }
}

/** A place that catches: what has been thrown to it so far. */
export interface Handler {
  thrown: Value
}

export interface Loop {
  readonly isSwitch: boolean
  readonly labels: readonly string[]
  readonly base: State
  readonly breaks: State[]
  readonly continues: State[]
}

/** One function being analysed. */
export interface Frame {
  readonly world: World
  readonly func: Func
  readonly thisValue: Value
  readonly entry: State
  state: State
  readonly exits: State[]
  returned: Value
  yielded: Value
  readonly handlers: Handler[]
  readonly loops: Loop[]
  readonly deferred: Map<number, Deferred>
  readonly sinks: Map<string, { readonly label: Label; readonly site: SinkSite }>
  readonly reads: Set<Version>
  readonly callees: Set<Func>
  /** Closures made here, with the object they were first stored in. */
  readonly created: Map<Obj, Value>
  readonly invoked: Set<Obj>
  readonly escaped: Set<Obj>
  /** Local objects that module-level state refers to. */
  readonly lasting: Set<Obj>
  /** Where a path was first read, for the story of a label that starts there. */
  readonly readAt: Map<number, Step>
  span: Span
  depth: number
  /** How many more summaries this walk may apply. */
  budget: number
  /** Above zero while a summary is being applied: what is read then, no source text here reads. */
  applying: number
  /** Set once the body is done: late runs of callbacks must not queue more. */
  isClosing: boolean
  /** A limit has left out some of what is called from here. */
  isCut: boolean
  eval(expr: Expr): Value
  invoke(callee: Value, call: Call): Outcome
  /** The cell of a captured variable, as seen from this function. */
  cell(binding: Binding): Obj
}

export function stepAt(frame: Frame, why: string, span: Span = frame.span): Step {
  return { module: frame.func.module, span, why }
}

export function isTopLevel(frame: Frame): boolean {
  return frame.func.parent === undefined
}

/** Module-level code is done here: from now on there is only what the whole program sees, at any time. */
export function isShared(frame: Frame): boolean {
  return frame.isClosing && isTopLevel(frame)
}

export function throwTo(frame: Frame, value: Value, join: (a: Value, b: Value) => Value): void {
  const handler = frame.handlers.at(-1)
  if (handler !== undefined) handler.thrown = join(handler.thrown, value)
}
