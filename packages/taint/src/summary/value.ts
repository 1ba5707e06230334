import type { Constant, Module, Span } from '../graph/index.ts'
import { EVERY } from '../models/index.ts'
import { LIMITS, countLimit } from './limits.ts'
import type { Obj } from './object.ts'
import type { Path } from './path.ts'
import { TEXT, childPath } from './path.ts'

/** A place in the program, with what happens to the value there. */
export interface Step {
  readonly module: Module
  readonly span: Span
  readonly why: string
}

/** How a label came to be here, newest last; `inner` is a walk through a callee. */
export interface Trace {
  readonly before: Trace | undefined
  readonly step?: Step
  readonly inner?: Trace
  readonly length: number
}

/** Where untrusted data enters. */
export interface Source {
  readonly id: number
  readonly kind: string
  readonly text: string
  readonly step: Step
  /** The entry itself is invisible (a framework's argument): the first read of it is what to show. */
  readonly isImplicit: boolean
  readonly confidence: number
}

/** One reason for a value to be tainted: a source, or whatever the caller puts at a path. */
export interface Label {
  readonly key: number
  readonly source: Source | undefined
  readonly path: Path | undefined
  /** Kinds it is no longer dangerous for. */
  readonly cleared: number
  readonly trace: Trace | undefined
}

export interface Value {
  readonly labels: readonly Label[]
  readonly refs: readonly Obj[]
  /** Kinds cleared for everything reached through `refs`. */
  readonly cleared: number
  /** Every constant it may be; undefined when it may be anything. */
  readonly constants: readonly Constant[] | undefined
}

const MAX_CONSTANTS = 4
const MAX_TRACE = 60

export const EMPTY: Value = { labels: [], refs: [], cleared: 0, constants: [] }
export const UNKNOWN: Value = { labels: [], refs: [], cleared: 0, constants: undefined }

export function constant(value: Constant): Value {
  return { labels: [], refs: [], cleared: 0, constants: [value] }
}

export function ofRefs(refs: readonly Obj[]): Value {
  return { labels: [], refs, cleared: 0, constants: undefined }
}

export function ofLabels(labels: readonly Label[]): Value {
  return labels.length === 0 ? UNKNOWN : { labels, refs: [], cleared: 0, constants: undefined }
}

const KIND_SPACE = 2 ** 31

function labelKey(origin: number, cleared: number): number {
  return origin * KIND_SPACE + cleared
}

export function sourceLabel(source: Source, cleared = 0): Label {
  const trace: Trace = { before: undefined, step: source.step, length: 1 }
  return { key: labelKey(source.id, cleared), source, path: undefined, cleared, trace }
}

export function pathLabel(path: Path, cleared: number, trace: Trace | undefined): Label {
  return { key: labelKey(path.id, cleared), source: undefined, path, cleared, trace }
}

export function joinLabels(a: readonly Label[], b: readonly Label[]): readonly Label[] {
  if (a === b || b.length === 0) return a
  if (a.length === 0) return b
  const added = b.filter((label) => !a.some((other) => other.key === label.key))
  if (added.length === 0) return a
  // A full list keeps its oldest: what is younger than all of them changes nothing.
  const youngest = a.length < LIMITS['labels-per-value'] ? Number.POSITIVE_INFINITY : youngestOf(a)
  if (added.some((label) => label.key < youngest)) return boundedLabels([...a, ...added])
  countLimit('labels-per-value')
  return a
}

function youngestOf(labels: readonly Label[]): number {
  return labels.reduce((key, label) => Math.max(key, label.key), 0)
}

function boundedLabels(all: readonly Label[]): readonly Label[] {
  if (all.length <= LIMITS['labels-per-value']) return all
  countLimit('labels-per-value')
  // The oldest stay, whatever order they came in: so what is kept settles.
  return all.toSorted((one, other) => one.key - other.key).slice(0, LIMITS['labels-per-value'])
}

export function join(a: Value, b: Value): Value {
  if (a === b || b === EMPTY) return a
  if (a === EMPTY) return b
  const labels = joinLabels(a.labels, b.labels)
  const refs = joinRefs(a.refs, b.refs)
  const cleared = joinCleared(a, b)
  const constants = joinConstants(a.constants, b.constants)
  if (labels === a.labels && refs === a.refs && cleared === a.cleared && constants === a.constants) return a
  return { labels, refs, cleared, constants }
}

/** The join of many values: each is looked at once, however many there are. */
export function joinAll(values: Iterable<Value>): Value {
  let all = EMPTY
  let more: { readonly labels: Map<number, Label>; readonly refs: Set<Obj> } | undefined
  let count = 0
  for (const value of values) {
    count += 1
    if (count <= FEW || value === EMPTY) {
      all = join(all, value)
      continue
    }
    more ??= { labels: new Map(all.labels.map((label) => [label.key, label])), refs: new Set(all.refs) }
    for (const label of value.labels) if (!more.labels.has(label.key)) more.labels.set(label.key, label)
    for (const obj of value.refs) more.refs.add(obj)
    const cleared = joinCleared(all, value)
    all = { ...all, cleared, constants: joinConstants(all.constants, value.constants) }
    // The first references decide what is cleared from then on.
    if (all.refs.length === 0 && value.refs.length > 0) all = { ...all, refs: value.refs }
  }
  if (more === undefined) return all
  return { ...all, labels: boundedLabels([...more.labels.values()]), refs: bounded([...more.refs]) }
}

/** So many values are joined one by one. */
const FEW = 12

function joinRefs(a: readonly Obj[], b: readonly Obj[]): readonly Obj[] {
  if (a === b || b.length === 0) return a
  if (a.length === 0) return b
  const added = b.filter((obj) => !a.includes(obj))
  return added.length === 0 ? a : extend(a, added)
}

const DATA: ReadonlySet<Obj['kind']> = new Set([
  'symbolic',
  'object',
  'array',
  'map',
  'promise',
  'box',
  'generator',
  'error',
])

/** An input or an object: nothing that can be called, nor anything of a library. */
export function isData(obj: Obj): boolean {
  return DATA.has(obj.kind)
}

/** Of what one expression made through many calls a few stand for all, and so for inputs and data. */
function bounded(refs: readonly Obj[]): readonly Obj[] {
  return refs.length <= LIMITS['contexts-per-value'] ? refs : extend([], refs)
}

/** What is known already stays; the very list when nothing fits in any more. */
function extend(known: readonly Obj[], added: readonly Obj[]): readonly Obj[] {
  let all: Obj[] | undefined
  let places = 0
  for (const obj of known) if (DATA.has(obj.kind)) places += 1
  let targets = known.length - places
  for (const obj of added) {
    if (!fits(all ?? known, obj, places, targets)) continue
    all ??= [...known]
    all.push(obj)
    if (DATA.has(obj.kind)) places += 1
    else targets += 1
  }
  return all ?? known
}

function fits(all: readonly Obj[], obj: Obj, places: number, targets: number): boolean {
  if (DATA.has(obj.kind) && places >= LIMITS['places-per-value']) return isBeyond('places-per-value')
  if (!DATA.has(obj.kind) && targets >= LIMITS['targets-per-value']) return isBeyond('targets-per-value')
  if (obj.kind === 'symbolic') return true
  let contexts = 0
  for (const one of all) if (one.site === obj.site && one.kind !== 'symbolic') contexts += 1
  return contexts < LIMITS['contexts-per-value'] || isBeyond('contexts-per-value')
}

function isBeyond(limit: Parameters<typeof countLimit>[0]): false {
  countLimit(limit)
  return false
}

function joinCleared(a: Value, b: Value): number {
  if (a.refs.length === 0) return b.cleared
  return b.refs.length === 0 ? a.cleared : a.cleared & b.cleared
}

function joinConstants(
  a: readonly Constant[] | undefined,
  b: readonly Constant[] | undefined,
): readonly Constant[] | undefined {
  if (a === undefined || b === undefined) return undefined
  const added = b.filter((value) => !a.includes(value))
  if (added.length === 0) return a
  return a.length + added.length > MAX_CONSTANTS ? undefined : [...a, ...added]
}

export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true
  return (
    a.cleared === b.cleared &&
    a.labels.length === b.labels.length &&
    a.refs.length === b.refs.length &&
    a.constants?.length === b.constants?.length &&
    a.labels.every((label) => b.labels.some((other) => other.key === label.key)) &&
    a.refs.every((obj) => b.refs.includes(obj))
  )
}

/** The value with `kinds` cleared; nothing is left of what is cleared for every kind. */
export function clear(value: Value, kinds: number): Value {
  if (kinds === 0 || (value.labels.length === 0 && value.refs.length === 0)) return value
  const labels = clearLabels(value.labels, kinds)
  return { labels, refs: value.refs, cleared: value.cleared | kinds, constants: value.constants }
}

export function clearLabels(labels: readonly Label[], kinds: number): readonly Label[] {
  if (kinds === 0) return labels
  return labels.flatMap((label) => {
    const cleared = label.cleared | kinds
    if (cleared === EVERY) return []
    const origin = label.source?.id ?? label.path?.id ?? 0
    return cleared === label.cleared ? [label] : [{ ...label, cleared, key: labelKey(origin, cleared) }]
  })
}

/** Appends a step to every label's story. */
export function traced(value: Value, step: Step): Value {
  if (value.labels.length === 0) return value
  return { ...value, labels: value.labels.map((label) => ({ ...label, trace: addStep(label.trace, step) })) }
}

export function addStep(before: Trace | undefined, step: Step): Trace {
  const length = (before?.length ?? 0) + 1
  if (before !== undefined && length > MAX_TRACE) return before
  return { before, step, length }
}

export function addInner(before: Trace | undefined, inner: Trace | undefined): Trace | undefined {
  if (inner === undefined) return before
  const length = (before?.length ?? 0) + inner.length
  if (before !== undefined && length > MAX_TRACE) return before
  return { before, inner, length }
}

/** Labels of a symbolic object: all that the caller may put there. */
export function textLabel(obj: Obj, cleared: number, trace: Trace | undefined): readonly Label[] {
  if (obj.path === undefined || cleared === EVERY) return []
  return [pathLabel(childPath(obj.path, TEXT), cleared, trace)]
}
