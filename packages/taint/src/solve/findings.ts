import type { Module, Span } from '../graph/index.ts'
import { kindOf } from '../models/index.ts'
import type { Label, SinkSite, Source, Step, Trace } from '../summary/index.ts'

/** Untrusted data in a dangerous place. */
export interface Finding {
  readonly kind: string
  readonly cwe: string
  readonly severity: 'error' | 'warning'
  readonly confidence: number
  readonly module: Module
  readonly span: Span
  readonly message: string
  readonly parameter: string
  readonly callee: string
  /** Absent where a rule is broken without any data flowing. */
  readonly source: Source | undefined
  readonly path: readonly Step[]
}

export type ReportAt = 'sink' | 'argument'

/** Collects findings: one per dangerous place and kind, with the shortest story. */
export class Findings {
  readonly #found = new Map<string, Finding>()
  readonly #at: ReportAt

  constructor(at: ReportAt) {
    this.#at = at
  }

  add(label: Label, site: SinkSite, argument: Step | undefined): void {
    const { source } = label
    if (source === undefined || isAsAsked(label, source, site)) return
    const { module, span, parameter } = this.#placeOf(source, site, argument)
    const key = `${module.id}:${span.start}:${span.end}:${site.kind}:${parameter}`
    const path = storyOf(label, source)
    const before = this.#found.get(key)
    if (before !== undefined && before.path.length <= path.length) return
    const { cwe, severity, name } = kindOf(site.kind)
    const what = name === 'global-variable' ? 'global variable' : 'sensitive parameter'
    const message = `tainted value passed to ${what} '${parameter}'`
    const { confidence } = source
    const { callee } = site
    this.#found.set(key, {
      kind: name,
      cwe,
      severity,
      confidence,
      module,
      span,
      message,
      parameter,
      callee,
      source,
      path,
    })
  }

  /** Where to report: at the danger itself, or as the original does, at the argument that leads to it. */
  #placeOf(
    source: Source,
    site: SinkSite,
    argument: Step | undefined,
  ): { module: Module; span: Span; parameter: string } {
    const isDerived = this.#at === 'argument' && !source.isImplicit && site.kind !== 'global-variable'
    if (!isDerived || argument === undefined) return site
    return { module: argument.module, span: argument.span, parameter: argument.why }
  }

  diagnose(kind: string, module: Module, span: Span, message: string): void {
    const key = `${module.id}:${span.start}:${span.end}:${kind}`
    if (this.#found.has(key)) return
    const { cwe, name } = kindOf('any')
    this.#found.set(key, {
      kind: kind === 'entry-point' ? name : kind,
      cwe,
      severity: 'error',
      confidence: 1,
      module,
      span,
      message,
      parameter: '',
      callee: '',
      source: undefined,
      path: [],
    })
  }

  all(): Finding[] {
    return [...this.#found.values()].toSorted(
      (a, b) =>
        a.module.file.localeCompare(b.module.file) ||
        a.span.start - b.span.start ||
        a.kind.localeCompare(b.kind),
    )
  }
}

/** A function of a package that runs the command or code it is given does as it was asked. */
function isAsAsked(label: Label, source: Source, site: SinkSite): boolean {
  // Arguments become part of a command only in a shell.
  if (source.kind !== 'library' || site.parameter === 'args') return false
  if (site.kind !== 'command' && site.kind !== 'code') return false
  const steps: Step[] = []
  flatten(label.trace, steps)
  return !steps.some(({ why }) => ASSEMBLED.test(why))
}

/** Steps that put text together. */
const ASSEMBLED = /^(?:concatenated|(?:join|concat|format|printf|sprintf|replace|push)\(\))$/

const MAX_STORY = 40

/** Flattens a trace to one step per place; an invisible source gives way to the first read of it. */
function storyOf(label: Label, source: Source): Step[] {
  const steps: Step[] = []
  flatten(label.trace, steps)
  const visible = source.isImplicit ? dropUntilRead(steps) : steps
  const story: Step[] = []
  for (const step of visible) {
    const last = story.at(-1)
    if (
      last !== undefined &&
      last.module === step.module &&
      last.span.start === step.span.start &&
      last.span.end === step.span.end
    )
      continue
    story.push(step)
  }
  return story.slice(0, MAX_STORY)
}

function dropUntilRead(steps: readonly Step[]): readonly Step[] {
  const at = steps.findIndex((step) => step.why === 'read')
  return at < 0 ? steps : steps.slice(at)
}

/** Walks the linked trace without recursion on its length; only nested walks recurse, and those are few. */
function flatten(trace: Trace | undefined, into: Step[], depth = 0): void {
  const chain: Trace[] = []
  for (let at = trace; at !== undefined; at = at.before) chain.push(at)
  for (const one of chain.toReversed()) {
    if (one.step !== undefined) into.push(one.step)
    if (one.inner !== undefined && depth < 30) flatten(one.inner, into, depth + 1)
  }
}
