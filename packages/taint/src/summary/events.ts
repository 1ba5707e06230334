import { argumentAt } from './arguments.ts'
import { keyOf } from './collections.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { impliedCall } from './frame.ts'
import { slot, slots, writeSlot } from './heap-access.ts'
import type { Native } from './native.ts'
import type { Obj } from './object.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, join, joinAll } from './value.ts'

/** Hidden fields of an emitter: the listeners of one event, and those of events whose name is not known. */
const LISTENERS = '<listeners>'

function fieldOf(name: string | undefined): string {
  return name === undefined ? LISTENERS : `${LISTENERS}:${name}`
}

/** `emitter.on(event, listener)` keeps the listener with the emitter, which it returns. */
function listen(frame: Frame, call: Call): Outcome {
  const field = fieldOf(keyOf(argumentAt(frame, call.args, 0)))
  const listener = argumentAt(frame, call.args, 1)
  for (const emitter of call.thisValue.refs)
    writeSlot(frame, emitter, field, join(slot(frame, emitter, field), listener))
  return { value: call.thisValue, thrown: EMPTY }
}

function listenersOf(frame: Frame, emitter: Obj, name: string | undefined): Value {
  const fields =
    name === undefined
      ? [...slots(frame, emitter).keys()].filter((field) => field.startsWith(LISTENERS))
      : [LISTENERS, fieldOf(name)]
  return joinAll(fields.map((field) => slot(frame, emitter, field)))
}

/** `emitter.emit(event, ...values)` calls every listener of the event with the values. */
function emit(frame: Frame, call: Call): Outcome {
  const name = keyOf(argumentAt(frame, call.args, 0))
  const listeners = joinAll(call.thisValue.refs.map((emitter) => listenersOf(frame, emitter, name)))
  const inner = listeners.refs.length > 0 ? frame.world.nestCall(call.id, 1) : undefined
  if (inner === undefined) return { value: UNKNOWN, thrown: EMPTY }
  const { module, span } = call
  const implied = impliedCall(frame, inner, call.thisValue, call.args.slice(1), call.name)
  return { value: UNKNOWN, thrown: frame.invoke(listeners, { ...implied, module, span }).thrown }
}

export const EVENT_NATIVES: Readonly<Record<string, Native>> = { listen, emit }
