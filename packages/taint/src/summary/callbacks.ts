import { argumentAt } from './arguments.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { impliedCall, isTopLevel } from './frame.ts'
import { read, slot, writeSlot } from './heap-access.ts'
import { COLLECTS } from './hidden.ts'
import type { Native } from './native.ts'
import type { Obj } from './object.ts'
import { ELEMENT } from './path.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, join, ofRefs } from './value.ts'

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

export const CALLBACK_NATIVES: Readonly<Record<string, Native>> = { 'async-map': asyncMap, waterfall }
