import type { Func, Module } from '../graph/index.ts'
import type { Models } from '../models/index.ts'
import type { Label, Options, SinkSite, Source, Step, Summary, World } from '../summary/index.ts'
import { Heap, LIMITS, countLimit, nextOrigin, takeLimits } from '../summary/index.ts'
import type { Finding, ReportAt } from './findings.ts'
import { Findings } from './findings.ts'
import { GlobalHeap, isOutdated } from './globals.ts'
import { LateCalls } from './late-calls.ts'
import { callOrder, moduleOrder } from './order.ts'
import { Summaries } from './summaries.ts'

export interface SolveInput {
  readonly modules: readonly Module[]
  readonly funcs: readonly Func[]
  readonly models: Models
  readonly options: Options
  readonly reportAt: ReportAt
}

export interface Solution {
  readonly findings: readonly Finding[]
  readonly limits: ReadonlyMap<string, number>
  readonly walks: number
  readonly rounds: number
  /** What calling each function does; for writing signatures. */
  summaryOf(func: Func): Summary
}

/** Summarises every function of a program, callees first, until module-level state has settled. */
export function solve(input: SolveInput): Solution {
  const globals = new GlobalHeap()
  const findings = new Findings(input.reportAt)
  takeLimits()
  const sources = new Map<string, Source>()
  const nesting = new NestedCalls()
  const summaries = new Summaries(
    () => world,
    () => globals.clock,
  )
  const late = new LateCalls(
    globals,
    () => world,
    (id) => nesting.depthOf(id),
  )
  const world: World = {
    heap: new Heap(),
    models: input.models,
    options: input.options,
    globals,
    summaryOf: (func) => summaries.of(func),
    report: (label: Label, site: SinkSite, argument?: Step) => findings.add(label, site, argument),
    diagnose: (kind, module, span, message) => findings.diagnose(kind, module, span, message),
    source: (kind, text, step, isImplicit, confidence) =>
      sourceOf(input.options, sources, kind, text, step, isImplicit, confidence),
    callLate: (frame, func, call, closure) => late.call(frame, func, call, closure),
    nestCall: (outer, inner) => nesting.id(outer, inner) ?? (countLimit('nested-calls'), undefined),
  }
  const modules = moduleOrder(input.modules)
  const order = callOrder(input.funcs)
  let rounds = 0
  let stale = 1
  for (; stale > 0 && rounds < LIMITS['module-rounds']; rounds += 1) {
    for (const module of modules) summaries.of(module.init)
    for (const func of order) summaries.of(func)
    late.settle()
    stale = summaries.invalidate(
      ({ func, reads }, clock) => late.isUnsettled(func) || isOutdated(reads, clock),
    )
  }
  if (stale > 0) countLimit('module-rounds')
  return {
    findings: findings.all(),
    limits: takeLimits(),
    walks: summaries.walks,
    rounds,
    summaryOf: (func) => summaries.of(func),
  }
}

function sourceOf(
  options: Options,
  sources: Map<string, Source>,
  kind: string,
  text: string,
  step: Step,
  isImplicit: boolean,
  confidence: number,
): Source | undefined {
  if (!options.threats.has(kind)) return undefined
  const key = `${step.module.id}:${step.span.start}:${step.span.end}:${text}`
  let source = sources.get(key)
  if (source === undefined) {
    source = { id: nextOrigin(), kind, text, step, isImplicit, confidence }
    sources.set(key, source)
  }
  return source
}

/** Ids for calls seen through other calls; the depth is bounded, so there are finitely many. */
class NestedCalls {
  readonly #ids = new Map<number, Map<number, number>>()
  readonly #depth = new Map<number, number>()
  #last = 0

  depthOf(id: number): number {
    return this.#depth.get(id) ?? 0
  }

  id(outer: number, inner: number): number | undefined {
    let known = this.#ids.get(outer)
    if (known === undefined) {
      known = new Map()
      this.#ids.set(outer, known)
    }
    const id = known.get(inner) ?? this.#make(outer, inner)
    if (id !== undefined) known.set(inner, id)
    return id
  }

  #make(outer: number, inner: number): number | undefined {
    const depth = Math.max(this.depthOf(outer), this.depthOf(inner)) + 1
    if (depth > LIMITS['nested-calls']) return undefined
    this.#last += 1
    const id = 1e12 + this.#last
    this.#depth.set(id, depth)
    return id
  }
}
