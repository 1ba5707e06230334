import { argumentAt } from './arguments.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { impliedCall, isTopLevel } from './frame.ts'
import { awaited, iterate, read, rejected, slot, slots, writeSlot } from './heap-access.ts'
import { SETTLED_FIELD, SETTLES } from './hidden.ts'
import type { Native } from './native.ts'
import type { Obj } from './object.ts'
import { AWAIT, ELEMENT, REJECT } from './path.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, constant, join, ofRefs } from './value.ts'

/** A promise that settles with these. */
export function promiseOf(frame: Frame, site: number, fulfilled: Value, failed: Value): Value {
  const made = frame.world.heap.at(site, { kind: 'promise' }, isTopLevel(frame))
  writeSlot(frame, made, AWAIT, join(slot(frame, made, AWAIT), fulfilled))
  writeSlot(frame, made, REJECT, join(slot(frame, made, REJECT), failed))
  return ofRefs([made])
}

function settled(frame: Frame, outcome: Outcome): { fulfilled: Value; failed: Value } {
  return {
    fulfilled: awaited(frame, outcome.value),
    failed: join(outcome.thrown, rejected(frame, outcome.value)),
  }
}

function isAbsent(handler: Value | undefined): boolean {
  return handler === undefined || (handler.refs.length === 0 && handler.labels.length === 0)
}

function runHandler(
  frame: Frame,
  call: Call,
  position: number,
  handler: Value,
  given: Value | undefined,
): { fulfilled: Value; failed: Value } {
  const inner = frame.world.nestCall(call.id, position + 1)
  if (inner === undefined) return { fulfilled: UNKNOWN, failed: EMPTY }
  const args = given === undefined ? [] : [{ value: given, spread: false }]
  const outcome = frame.invoke(handler, {
    ...impliedCall(frame, inner, UNKNOWN, args, call.name),
    module: call.module,
    span: call.span,
  })
  return settled(frame, outcome)
}

function then(
  frame: Frame,
  call: Call,
  onFulfilled: Value | undefined,
  onRejected: Value | undefined,
): Outcome {
  const content = awaited(frame, call.thisValue)
  const failure = rejected(frame, call.thisValue)
  const yes =
    onFulfilled === undefined || isAbsent(onFulfilled)
      ? { fulfilled: content, failed: EMPTY }
      : runHandler(frame, call, 0, onFulfilled, content)
  const no =
    onRejected === undefined || isAbsent(onRejected)
      ? { fulfilled: EMPTY, failed: failure }
      : runHandler(frame, call, 1, onRejected, failure)
  return {
    value: promiseOf(frame, call.id, join(yes.fulfilled, no.fulfilled), join(yes.failed, no.failed)),
    thrown: EMPTY,
  }
}

function finallyNative(frame: Frame, call: Call): Outcome {
  const ran = runHandler(frame, call, 0, argumentAt(frame, call.args, 0), undefined)
  const failed = join(rejected(frame, call.thisValue), ran.failed)
  return { value: promiseOf(frame, call.id, awaited(frame, call.thisValue), failed), thrown: EMPTY }
}

function resolver(frame: Frame, site: number, promise: Obj, field: string): Value {
  const made = frame.world.heap.at(site, { kind: 'resolver' }, isTopLevel(frame))
  writeSlot(frame, made, SETTLES, ofRefs([promise]))
  writeSlot(frame, made, SETTLED_FIELD, constant(field))
  return ofRefs([made])
}

function settlers(frame: Frame, call: Call): { promise: Obj; resolve: Value; reject: Value } {
  const promise = frame.world.heap.at(call.id, { kind: 'promise' }, isTopLevel(frame))
  return {
    promise,
    resolve: resolver(frame, call.id + 0.25, promise, AWAIT),
    reject: resolver(frame, call.id + 0.5, promise, REJECT),
  }
}

function newPromise(frame: Frame, call: Call): Outcome {
  const { promise, resolve, reject } = settlers(frame, call)
  const args = [resolve, reject].map((value) => ({ value, spread: false }))
  const outcome = frame.invoke(argumentAt(frame, call.args, 0), {
    ...call,
    isNew: false,
    id: call.id + 0.75,
    args,
    thisValue: UNKNOWN,
    name: 'Promise',
  })
  writeSlot(frame, promise, REJECT, join(slot(frame, promise, REJECT), outcome.thrown))
  return { value: ofRefs([promise]), thrown: EMPTY }
}

function withResolvers(frame: Frame, call: Call): Outcome {
  const { promise, resolve, reject } = settlers(frame, call)
  const made = frame.world.heap.at(call.id, { kind: 'object' }, isTopLevel(frame))
  writeSlot(frame, made, 'promise', ofRefs([promise]))
  writeSlot(frame, made, 'resolve', resolve)
  writeSlot(frame, made, 'reject', reject)
  return { value: ofRefs([made]), thrown: EMPTY }
}

function all(frame: Frame, call: Call): Outcome {
  const list = argumentAt(frame, call.args, 0)
  const made = frame.world.heap.at(call.id + 0.25, { kind: 'array' }, isTopLevel(frame))
  let failed = EMPTY
  for (const obj of list.refs) {
    const fields =
      obj.kind === 'symbolic'
        ? [[ELEMENT, read(frame, ofRefs([obj]), undefined)] as const]
        : slots(frame, obj)
    for (const [field, value] of fields) {
      if (field.startsWith('<') && field !== ELEMENT) continue
      writeSlot(frame, made, field, join(slot(frame, made, field), awaited(frame, value)))
      failed = join(failed, rejected(frame, value))
    }
  }
  return {
    value: promiseOf(frame, call.id, { ...ofRefs([made]), labels: list.labels }, failed),
    thrown: EMPTY,
  }
}

function race(frame: Frame, call: Call): Outcome {
  const element = iterate(frame, argumentAt(frame, call.args, 0))
  return {
    value: promiseOf(frame, call.id, awaited(frame, element), rejected(frame, element)),
    thrown: EMPTY,
  }
}

function resolveNative(frame: Frame, call: Call): Outcome {
  const value = argumentAt(frame, call.args, 0)
  return { value: promiseOf(frame, call.id, awaited(frame, value), rejected(frame, value)), thrown: EMPTY }
}

function rejectNative(frame: Frame, call: Call): Outcome {
  return { value: promiseOf(frame, call.id, EMPTY, argumentAt(frame, call.args, 0)), thrown: EMPTY }
}

function tryNative(frame: Frame, call: Call): Outcome {
  const outcome = frame.invoke(argumentAt(frame, call.args, 0), {
    ...call,
    id: call.id + 0.25,
    args: call.args.slice(1),
    thisValue: UNKNOWN,
  })
  const { fulfilled, failed } = settled(frame, outcome)
  return { value: promiseOf(frame, call.id, fulfilled, failed), thrown: EMPTY }
}

export const PROMISE_NATIVES: Readonly<Record<string, Native>> = {
  // oxlint-disable-next-line unicorn/no-thenable -- a table of names, never awaited
  then: (frame, call) => then(frame, call, call.args[0]?.value, call.args[1]?.value),
  catch: (frame, call) => then(frame, call, undefined, call.args[0]?.value),
  finally: finallyNative,
  'new-promise': newPromise,
  'with-resolvers': withResolvers,
  'promise-all': all,
  'promise-race': race,
  'promise-resolve': resolveNative,
  'promise-reject': rejectNative,
  'promise-try': tryNative,
}
