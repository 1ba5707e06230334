import type { Obj, Path, Summary, Value } from '../summary/index.ts'
import { join } from '../summary/index.ts'

/** How closely two rounds are compared: by the exact place taint comes from, or by source and argument only. */
export type Grain = 'path' | 'argument'

/** True when two summaries say the same of where taint goes; what else they hold may differ. */
export function sameTaint(a: Summary, b: Summary, grain: Grain): boolean {
  const left = taintOf(a, grain)
  const right = taintOf(b, grain)
  return left.size === right.size && [...left].every((one) => right.has(one))
}

/** Every flow from a source or an argument to a result, an effect or a dangerous place, as text. */
function taintOf(summary: Summary, grain: Grain): ReadonlySet<string> {
  const flows = new Set<string>()
  const add = (where: string, value: Value): void => {
    for (const label of value.labels) addPath(where, label.path, label.key)
    for (const { path, id } of value.refs) if (path !== undefined) addPath(`${where} itself`, path, id)
  }
  const addPath = (where: string, path: Path | undefined, key: number): void => {
    // What only a caller can resolve may differ with the order in which a limit was reached.
    if (path?.root.kind !== 'result') flows.add(`${where} ${originOf(path, key, grain)}`)
  }
  const addResult = (where: string, value: Value): void => {
    add(where, value)
    // What an async function gives is in the promise it returns.
    for (const obj of value.refs)
      for (const [field, inner] of summary.made.get(obj) ?? []) add(`${where}.${field}`, inner)
  }
  addResult('return', summary.returned)
  addResult('throw', summary.thrown)
  for (const { label, site } of summary.sinks)
    addPath(`${site.module.id}:${site.span.start}:${site.kind}`, label.path, label.key)
  if (grain === 'path')
    for (const { target, field, value } of summary.effects) add(`${target.id}.${field}`, value)
  return flows
}

function originOf(path: Path | undefined, key: number, grain: Grain): string {
  const root = path?.root
  if (grain === 'path' || root === undefined) return String(key)
  return root.kind === 'param' ? `argument ${root.index}` : root.kind
}

/** A measure of how much a summary holds: equal when a round has found nothing more. */
export function sizeOf(summary: Summary): string {
  const { returned, thrown, effects, sinks, deferred, made } = summary
  const weight = effects.reduce(
    (sum, effect) => sum + effect.value.labels.length + effect.value.refs.length,
    0,
  )
  return [
    returned.labels.length,
    returned.refs.length,
    thrown.labels.length,
    thrown.refs.length,
    effects.length,
    weight,
    sinks.length,
    deferred.length,
    made.size,
  ].join()
}

/** What either of two rounds has found of a result: only what grows comes to an end. */
export function widen(before: Summary, after: Summary): Summary {
  const made = new Map<Obj, ReadonlyMap<string, Value>>(before.made)
  for (const [obj, fields] of after.made) made.set(obj, joinFields(made.get(obj), fields))
  return {
    ...after,
    made,
    returned: join(before.returned, after.returned),
    thrown: join(before.thrown, after.thrown),
  }
}

function joinFields(
  before: ReadonlyMap<string, Value> | undefined,
  after: ReadonlyMap<string, Value>,
): ReadonlyMap<string, Value> {
  if (before === undefined) return after
  const all = new Map(before)
  for (const [field, value] of after) {
    const known = all.get(field)
    all.set(field, known === undefined ? value : join(known, value))
  }
  return all
}
