import { argumentAt } from './arguments.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { impliedCall, isTopLevel } from './frame.ts'
import { read, slot, writeSlot } from './heap-access.ts'
import { BOUND_TARGET, COLLECTS, PROMISED } from './hidden.ts'
import type { Native } from './native.ts'
import type { Obj } from './object.ts'
import { ELEMENT } from './path.ts'
import { promiseOf } from './promises.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, constant, join, ofRefs } from './value.ts'

/** A node-style callback that keeps what it is called with: `collected` reads it afterwards. */
function collector(frame: Frame, site: number): Obj {
  const made = frame.world.heap.at(site, { kind: 'resolver' }, isTopLevel(frame))
  writeSlot(frame, made, COLLECTS, ofRefs([made]))
  return made
}

const MAX_COLLECTED = 5

function collected(frame: Frame, from: Obj, index: number): Value {
  return slot(frame, from, String(index))
}

function run(frame: Frame, call: Call, site: number, callee: Value, values: readonly Value[]): Outcome {
  const args = values.map((value) => ({ value, spread: false }))
  return frame.invoke(callee, {
    ...impliedCall(frame, site, UNKNOWN, args, call.name),
    module: call.module,
    span: call.span,
  })
}

/** `async.map(list, (item, done) => ..., (error, results) => ...)`. */
function asyncMap(frame: Frame, call: Call): Outcome {
  const list = argumentAt(frame, call.args, 0)
  const at = call.args.findIndex(
    (arg, index) =>
      index > 0 && arg.value.refs.some((obj) => obj.kind === 'function' || obj.kind === 'symbolic'),
  )
  const done = collector(frame, call.id + 0.25)
  run(frame, call, call.id + 0.5, argumentAt(frame, call.args, at), [
    read(frame, list, undefined),
    ofRefs([done]),
  ])
  const results = frame.world.heap.at(call.id, { kind: 'array' }, isTopLevel(frame))
  writeSlot(frame, results, ELEMENT, collected(frame, done, 1))
  run(frame, call, call.id + 0.75, argumentAt(frame, call.args, at + 1), [
    collected(frame, done, 0),
    ofRefs([results]),
  ])
  return { value: UNKNOWN, thrown: EMPTY }
}

/** `waterfall([first, second], done)`: each step hands its results to the next, errors to the end. */
function waterfall(frame: Frame, call: Call): Outcome {
  const steps = argumentAt(frame, call.args, 0)
  let given: Value[] = []
  let failed = EMPTY
  for (let index = 0; index < 20; index += 1) {
    const step = read(frame, steps, String(index))
    if (step.refs.length === 0) break
    const next = collector(frame, call.id + (index + 1) / 32)
    run(frame, call, call.id + (index + 1) / 64, step, [...given, ofRefs([next])])
    failed = join(failed, collected(frame, next, 0))
    given = []
    for (let position = 1; position < MAX_COLLECTED; position += 1) {
      const value = collected(frame, next, position)
      if (value === EMPTY) break
      given.push(value)
    }
  }
  run(frame, call, call.id + 0.875, argumentAt(frame, call.args, 1), [failed, ...given])
  return { value: UNKNOWN, thrown: EMPTY }
}

/**
 * `promisify(f)`: a function of ours is given a callback, and what that is called with arrives in a promise; one of a
 * library is called as before, since its model says what it gives.
 */
function promisify(frame: Frame, call: Call): Outcome {
  const whole = argumentAt(frame, call.args, 0)
  const own = whole.refs.filter((obj) => obj.kind === 'function' || obj.kind === 'bound')
  if (own.length === 0) return { value: whole, thrown: EMPTY }
  const made = frame.world.heap.at(call.id, { kind: 'bound' }, isTopLevel(frame))
  writeSlot(frame, made, BOUND_TARGET, ofRefs(own))
  writeSlot(frame, made, PROMISED, constant(true))
  return {
    value: { ...whole, refs: [made, ...whole.refs.filter((obj) => !own.includes(obj))] },
    thrown: EMPTY,
  }
}

/** Calls a function that expects a callback, and gives what it hands to that as a promise. */
export function invokePromised(frame: Frame, callee: Value, call: Call): Outcome {
  const done = collector(frame, call.id + 0.25)
  const outcome = frame.invoke(callee, {
    ...call,
    args: [...call.args, { value: ofRefs([done]), spread: false }],
  })
  const failed = join(outcome.thrown, collected(frame, done, 0))
  return { value: promiseOf(frame, call.id + 0.5, collected(frame, done, 1), failed), thrown: EMPTY }
}

export const CALLBACK_NATIVES: Readonly<Record<string, Native>> = {
  'async-map': asyncMap,
  waterfall,
  promisify,
}
