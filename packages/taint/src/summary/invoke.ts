import type { ClassMember } from '../graph/index.ts'
import { instanceOf } from '../models/index.ts'
import { applyApi } from './api.ts'
import { invokePromised } from './callbacks.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { impliedCall, isTopLevel, stepAt } from './frame.ts'
import { read, rejected, slot, slots, textOf, writeSlot } from './heap-access.ts'
import { applyFunction } from './instantiate.ts'
import {
  BOUND_ARGS,
  BOUND_TARGET,
  BOUND_THIS,
  COLLECTS,
  CONSTRUCTOR,
  INITIALIZER,
  PROMISED,
  SETTLED_FIELD,
  SETTLES,
} from './hidden.ts'
import { LIMITS, countLimit } from './limits.ts'
import type { Obj } from './object.ts'
import { PROTO, resultPath } from './path.ts'
import type { Arg } from './summary.ts'
import { typedValue } from './typed.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, join, joinLabels, ofLabels, ofRefs, sourceLabel } from './value.ts'

const NOTHING: Outcome = { value: EMPTY, thrown: EMPTY }

/** Calls whatever the value may be. Undefined when nothing in it can be called. */
export function invokeKnown(frame: Frame, callee: Value, call: Call): Outcome | undefined {
  if (frame.depth >= LIMITS['call-depth']) {
    countLimit('call-depth')
    frame.isCut = true
    return undefined
  }
  frame.depth += 1
  let outcome: Outcome | undefined
  for (const target of callee.refs) {
    const one = invokeObject(frame, target, call)
    if (one !== undefined)
      outcome =
        outcome === undefined
          ? one
          : { value: join(outcome.value, one.value), thrown: join(outcome.thrown, one.thrown) }
  }
  frame.depth -= 1
  return outcome
}

function invokeObject(frame: Frame, target: Obj, call: Call): Outcome | undefined {
  if (target.kind === 'function' && target.func !== undefined) {
    frame.invoked.add(target)
    return call.isNew ? constructPlain(frame, target, call) : applyFunction(frame, target.func, call, target)
  }
  if (target.kind === 'class') return construct(frame, target, call)
  if (target.kind === 'api' && target.api !== undefined) return applyApi(frame, target.api, call, target)
  if (target.kind === 'bound') return invokeBound(frame, target, call)
  if (target.kind === 'resolver') return resolve(frame, target, call)
  if (target.kind === 'module') return invokeKnown(frame, slot(frame, target, 'default'), call)
  return target.kind === 'symbolic' ? defer(frame, target, call) : undefined
}

/** A call the caller must resolve; its result is a path that starts there. */
function defer(frame: Frame, target: Obj, call: Call): Outcome | undefined {
  const path = resultPath(call.id)
  const known = frame.deferred.get(call.id)
  if (known === undefined && frame.deferred.size >= LIMITS['callbacks-per-function']) {
    countLimit('callbacks-per-function')
    return undefined
  }
  const { id, args, isNew, name, module, span, thisValue } = call
  const callee = join(known?.callee ?? EMPTY, ofRefs([target]))
  const merged = known === undefined ? args : mergeArgs(known.args, args)
  frame.deferred.set(id, {
    id,
    callee,
    thisValue: join(known?.thisValue ?? EMPTY, thisValue),
    args: merged,
    isNew,
    name,
    module,
    span,
  })
  const result = ofRefs([frame.world.heap.symbolic(path)])
  return { value: result, thrown: EMPTY }
}

function mergeArgs(a: readonly Arg[], b: readonly Arg[]): readonly Arg[] {
  if (a.length !== b.length) return a.length > b.length ? a : b
  return a.map((arg, index) => ({ value: join(arg.value, b[index]?.value ?? EMPTY), spread: arg.spread }))
}

function invokeBound(frame: Frame, target: Obj, call: Call): Outcome | undefined {
  const bound: Arg[] = []
  for (let index = 0; ; index += 1) {
    const value =
      frame.state.written(target, `${BOUND_ARGS}:${index}`) ?? slot(frame, target, `${BOUND_ARGS}:${index}`)
    if (value === EMPTY) break
    bound.push({ value, spread: false })
  }
  const self = slot(frame, target, BOUND_THIS)
  const thisValue = self === EMPTY ? call.thisValue : self
  const inner = { ...call, args: [...bound, ...call.args], thisValue }
  const callee = slot(frame, target, BOUND_TARGET)
  return slot(frame, target, PROMISED) === EMPTY
    ? invokeKnown(frame, callee, inner)
    : invokePromised(frame, callee, inner)
}

function resolve(frame: Frame, target: Obj, call: Call): Outcome {
  for (const holder of slot(frame, target, COLLECTS).refs) {
    for (const [index, arg] of call.args.entries())
      writeSlot(frame, holder, String(index), join(slot(frame, holder, String(index)), arg.value))
  }
  const field = slot(frame, target, SETTLED_FIELD).constants?.[0]
  const value = call.args[0]?.value ?? UNKNOWN
  for (const promise of slot(frame, target, SETTLES).refs) {
    if (typeof field === 'string') writeSlot(frame, promise, field, join(slot(frame, promise, field), value))
  }
  return NOTHING
}

function newInstance(frame: Frame, call: Call, prototype: Value): Obj {
  const instance = frame.world.heap.at(call.id, { kind: 'object' }, isTopLevel(frame))
  writeSlot(frame, instance, PROTO, prototype)
  return instance
}

function constructPlain(frame: Frame, target: Obj, call: Call): Outcome | undefined {
  if (target.func === undefined) return undefined
  const instance = newInstance(frame, call, read(frame, ofRefs([target]), 'prototype'))
  const outcome = applyFunction(frame, target.func, { ...call, thisValue: ofRefs([instance]) }, target)
  const returned = {
    ...outcome.value,
    refs: outcome.value.refs.filter((obj) => obj.kind !== 'symbolic'),
    labels: [],
  }
  return { value: join(ofRefs([instance]), returned), thrown: outcome.thrown }
}

function construct(frame: Frame, target: Obj, call: Call): Outcome {
  const instance = call.isNew
    ? ofRefs([newInstance(frame, call, slot(frame, target, 'prototype'))])
    : call.thisValue
  const thrown = initialize(frame, target, instance, { ...call, thisValue: instance })
  return { value: instance, thrown }
}

/** Runs field initializers and the constructor; without one, the base class's with the same arguments. */
export function initialize(frame: Frame, target: Obj, instance: Value, call: Call): Value {
  for (const [field, value] of slots(frame, target)) {
    if (!field.startsWith(INITIALIZER)) continue
    for (const one of value.refs) if (one.kind === 'function') frame.invoked.add(one)
    const made = frame.invoke(value, impliedCall(frame, call.id * -1 - target.id, instance, [], field)).value
    for (const obj of instance.refs) writeSlot(frame, obj, field.slice(INITIALIZER.length), made)
  }
  typedFields(frame, target, instance)
  const constructor = slot(frame, target, CONSTRUCTOR)
  if (constructor.refs.length > 0) return frame.invoke(constructor, { ...call, isNew: false }).thrown
  return initializeBase(frame, slot(frame, target, PROTO), instance, call)
}

/** `super(...)`: the base class on the instance at hand. */
export function initializeBase(frame: Frame, base: Value, instance: Value, call: Call): Value {
  let thrown = EMPTY
  for (const one of base.refs) {
    if (one.kind === 'class') thrown = join(thrown, initialize(frame, one, instance, call))
    else if (one.kind === 'function' || one.kind === 'symbolic')
      thrown = join(
        thrown,
        frame.invoke(ofRefs([one]), { ...call, isNew: false, thisValue: instance }).thrown,
      )
    else if (one.kind === 'api' && one.api !== undefined) extendApi(frame, one, instance)
  }
  return thrown
}

function extendApi(frame: Frame, base: Obj, instance: Value): void {
  const node = base.api === undefined ? undefined : instanceOf(base.api)
  if (node === undefined) return
  for (const obj of instance.refs) {
    for (const prototype of slot(frame, obj, PROTO).refs)
      writeSlot(
        frame,
        prototype,
        PROTO,
        join(slot(frame, prototype, PROTO), ofRefs([frame.world.heap.api(node)])),
      )
  }
}

/** What fields hold by their type, or by their mark, before anybody writes them. */
function typedFields(frame: Frame, target: Obj, instance: Value): void {
  for (const member of target.cls?.members ?? []) {
    const { key } = member
    if (member.kind !== 'field' || member.isStatic || typeof key !== 'string') continue
    const known = declaredField(frame, member)
    if (known === undefined) continue
    for (const obj of instance.refs) {
      const initial = member.value === undefined ? EMPTY : slot(frame, obj, key)
      writeSlot(frame, obj, key, join(initial, known))
    }
  }
}

function declaredField(frame: Frame, member: ClassMember): Value | undefined {
  const typed = member.value === undefined ? typedValue(frame, member.type) : undefined
  return member.marks.tainted === true ? join(typed ?? EMPTY, markedField(frame, member)) : typed
}

function markedField(frame: Frame, member: ClassMember): Value {
  const name = typeof member.key === 'string' ? member.key : ''
  const step = stepAt(frame, '@tainted', member.span)
  const source = frame.world.source('annotation', `@tainted ${name}`, step, false, 1)
  return source === undefined ? UNKNOWN : { ...UNKNOWN, labels: [sourceLabel(source)] }
}

/** A function nobody knows: its arguments may be in its result, and it may call what it is given. */
export function invokeUnknown(frame: Frame, call: Call, receiver: Value): Outcome {
  let thrown = EMPTY
  for (const [index, arg] of call.args.entries()) {
    for (const obj of arg.value.refs)
      if (obj.kind === 'function') thrown = join(thrown, callBack(frame, call, obj, index))
  }
  if (!frame.world.options.passUnknown || CLEANERS.test(call.name)) return { value: UNKNOWN, thrown }
  const labels = [receiver, ...call.args.map((arg) => arg.value)].map((one) => textOf(frame, one))
  const all = labels.reduce(joinLabels)
  return { value: all.length === 0 ? UNKNOWN : ofLabels(all), thrown }
}

/** Runs a callback as an unknown function might, and gives what it throws to the caller of that function. */
function callBack(frame: Frame, call: Call, obj: Obj, index: number): Value {
  if (frame.isClosing) return EMPTY
  frame.escaped.add(obj)
  const inner = frame.world.nestCall(call.id, index)
  if (inner === undefined) return EMPTY
  const { module, span } = call
  const outcome = frame.invoke(ofRefs([obj]), {
    ...impliedCall(frame, inner, UNKNOWN, [], call.name),
    module,
    span,
  })
  return LATER.test(call.name) ? EMPTY : join(outcome.thrown, rejected(frame, outcome.value))
}

/** Functions named so are taken at their word. */
const CLEANERS =
  /sanit|escape|encode|clean|valid|strip|whitelist|allow|hash|digest|^(is|has|check|verify|ensure|assert)[A-Z_]/i

/** Functions that keep their callback for later: what it throws, nobody here sees. */
const LATER =
  /^(on|once|add(Event)?Listener|set(Timeout|Interval|Immediate)|nextTick|subscribe|use|get|post|put|delete|listen)$/
