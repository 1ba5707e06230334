import { EVERY } from '../models/index.ts'
import type { Frame } from './frame.ts'
import { isTopLevel, stepAt } from './frame.ts'
import { awaited, rejected, saveLasting } from './heap-access.ts'
import { LIMITS, countLimit } from './limits.ts'
import type { Obj } from './object.ts'
import { ELEMENT } from './path.ts'
import { promiseOf } from './promises.ts'
import type { State } from './state.ts'
import type { Effect, Guard, Summary } from './summary.ts'
import { typedValue } from './typed.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, clear, join, ofRefs, sourceLabel } from './value.ts'

/** Puts together what the walk found: results, effects on what came in, and the objects that leave. */
export function finish(frame: Frame, thrown: Value, guards: readonly Guard[]): Summary {
  const state = exitState(frame)
  frame.state = state
  const outcome = resultOf(frame, thrown)
  saveLasting(frame)
  const effects: Effect[] = []
  const made = new Map<Obj, ReadonlyMap<string, Value>>()
  const leaving: Value[] = [outcome.returned, outcome.thrown]
  for (const obj of state.objects()) {
    const isLocalGlobal = obj.isGlobal && isTopLevel(frame)
    if (isLocalGlobal || (obj.kind !== 'symbolic' && !obj.isGlobal)) continue
    for (const [field, value] of state.fields(obj))
      pushEffect(effects, leaving, { target: obj, field, value })
  }
  for (const one of frame.deferred.values())
    leaving.push(one.callee, one.thisValue, ...one.args.map((arg) => arg.value))
  collect(state, leaving, made)
  return {
    func: frame.func,
    ...outcome,
    effects,
    made,
    sinks: [...frame.sinks.values()],
    deferred: [...frame.deferred.values()],
    guards,
    reads: frame.reads,
    callees: frame.callees,
  }
}

function pushEffect(effects: Effect[], leaving: Value[], effect: Effect): void {
  const { target, value } = effect
  if ((target.isGlobal && !dependsOnInput(value)) || isUntouched(effect)) return
  if (effects.length >= LIMITS['effects-per-function']) {
    countLimit('effects-per-function')
    return
  }
  effects.push(effect)
  leaving.push(value)
}

/** The field holds again exactly what came in there. */
function isUntouched({ target, field, value }: Effect): boolean {
  const only = value.refs.length === 1 && value.labels.length === 0 ? value.refs[0]?.path : undefined
  return only !== undefined && only.parent === target.path && only.field === field
}

function dependsOnInput(value: Value): boolean {
  return value.labels.some((label) => label.path !== undefined) || value.refs.some((obj) => !obj.isGlobal)
}

function exitState(frame: Frame): State {
  for (const exit of frame.exits) exit.isDead = false
  const state = frame.entry
  state.isDead = false
  if (frame.exits.length === 0) {
    state.merge([frame.state.since(state)].map(revive), true)
    return state
  }
  state.merge(frame.exits, false)
  return state
}

function revive(state: State): State {
  state.isDead = false
  return state
}

/** Follows values to every object the function made, and keeps its fields. */
function collect(state: State, leaving: Value[], made: Map<Obj, ReadonlyMap<string, Value>>): void {
  for (let value = leaving.shift(); value !== undefined; value = leaving.shift()) {
    for (const obj of value.refs) {
      if (made.has(obj) || obj.isGlobal || obj.kind === 'symbolic') continue
      if (made.size >= LIMITS['objects-per-function']) {
        countLimit('objects-per-function')
        continue
      }
      const fields = state.fields(obj)
      made.set(obj, fields)
      leaving.push(...fields.values())
    }
  }
}

/** An async function's results arrive in a promise, a generator's one by one. */
function resultOf(frame: Frame, thrown: Value): { returned: Value; thrown: Value } {
  const { func } = frame
  const marked = withoutEntries(frame, markResult(frame, frame.returned))
  const site = func.id * -1 - 0.5
  if (func.isGenerator) {
    const made = frame.world.heap.at(site, { kind: 'generator' }, isTopLevel(frame))
    frame.state.setField(made, ELEMENT, frame.yielded)
    frame.state.setField(made, '<reject>', thrown)
    return { returned: ofRefs([made]), thrown: EMPTY }
  }
  if (!func.isAsync) return { returned: marked, thrown }
  return {
    returned: promiseOf(frame, site, awaited(frame, marked), join(thrown, rejected(frame, marked))),
    thrown: EMPTY,
  }
}

/** What other programs pass to an exported function, and get back, is theirs: our own calls pass something else. */
function withoutEntries(frame: Frame, returned: Value): Value {
  if (!frame.world.options.entries.has(frame.func)) return returned
  return { ...returned, labels: returned.labels.filter((label) => label.source?.kind !== 'library') }
}

function markResult(frame: Frame, returned: Value): Value {
  const { returnMarks, returnType } = frame.func
  if (returnMarks.untainted === true || returnType?.inert === true) return clear(returned, EVERY)
  if (returnMarks.tainted === true) {
    const source = frame.world.source(
      'annotation',
      `@tainted ${frame.func.name}()`,
      stepAt(frame, '@tainted', frame.func.span),
      false,
      1,
    )
    return source === undefined ? returned : join(returned, { ...UNKNOWN, labels: [sourceLabel(source)] })
  }
  const typed = returned.refs.length === 0 ? typedValue(frame, returnType) : undefined
  return typed === undefined ? returned : join(returned, typed)
}
