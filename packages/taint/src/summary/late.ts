import type { Call, Frame } from './frame.ts'
import { impliedCall, isShared } from './frame.ts'
import { slot, slots } from './heap-access.ts'
import type { Obj } from './object.ts'
import { PROTO } from './path.ts'
import { initialize } from './invoke.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, ofRefs } from './value.ts'

/** Classes with more methods than this have each run once only. */
const MAX_METHODS = 60

/**
 * Runs what this function made and nobody called: event handlers, methods, functions it returns or
 * exports may be called at any time after it, with the variables as it leaves them.
 */
export function runLate(frame: Frame): void {
  const base = frame.state
  for (const exit of frame.exits) exit.isDead = false
  frame.isClosing = true
  frame.state = isShared(frame) ? frame.entry.blank() : frame.entry.fork()
  frame.state.isDead = false
  if (!isShared(frame)) frame.state.merge(frame.exits, frame.exits.length === 0)
  const saved = frame.handlers.splice(0)
  frame.handlers.push({ thrown: EMPTY })
  for (const obj of frame.created.keys()) if (obj.kind === 'class') runClass(frame, obj)
  for (const obj of frame.escaped) if (hasContext(obj, EMPTY)) runFunction(frame, obj, UNKNOWN)
  for (const [obj, home] of frame.created)
    if (obj.kind === 'function' && !frame.invoked.has(obj) && hasContext(obj, home))
      runFunction(frame, obj, home)
  frame.handlers.splice(0)
  frame.handlers.push(...saved)
  frame.state = base
}

/** A function that captures nothing and belongs to nothing does here what its own walk has already shown. */
function hasContext(obj: Obj, home: Value): boolean {
  return home !== EMPTY || (obj.func?.captures.size ?? 0) > 0
}

function late(frame: Frame, obj: Obj, thisValue: Value): Call {
  const span = obj.func?.span ?? frame.func.span
  return { ...impliedCall(frame, obj.id + 0.375, thisValue, [], obj.func?.name ?? ''), span }
}

function runFunction(frame: Frame, obj: Obj, home: Value): void {
  frame.invoke(ofRefs([obj]), late(frame, obj, home === EMPTY ? UNKNOWN : home))
}

/** An instance nobody made: a framework, or another program, will. Its methods see each other's fields. */
function runClass(frame: Frame, obj: Obj): void {
  if (obj.cls === undefined) return
  const instance = frame.world.heap.at(obj.cls.id, { kind: 'object', cls: obj.cls }, true)
  const self = ofRefs([instance])
  if (!isShared(frame)) frame.state.setField(instance, PROTO, slot(frame, obj, 'prototype'))
  frame.world.globals.write(instance, PROTO, slot(frame, obj, 'prototype'))
  initialize(frame, obj, self, { ...late(frame, obj, self), span: obj.cls.span })
  const methods = methodsOf(frame, slot(frame, obj, 'prototype'))
  // Late calls of module-level code come again by themselves when what they read has changed.
  const rounds = isShared(frame) || methods.length > MAX_METHODS ? 1 : 2
  for (let round = 0; round < rounds; round += 1) for (const method of methods) runMethod(frame, method, self)
  for (const method of methodsOf(frame, ofRefs([obj]))) runMethod(frame, method, ofRefs([obj]))
}

function runMethod(frame: Frame, method: Obj, self: Value): void {
  frame.invoked.add(method)
  frame.invoke(ofRefs([method]), { ...late(frame, method, self) })
}

function methodsOf(frame: Frame, holder: Value): Obj[] {
  const found: Obj[] = []
  for (const obj of holder.refs) {
    for (const [field, value] of slots(frame, obj)) {
      if (field === 'prototype' || field.startsWith('<')) continue
      found.push(
        ...value.refs.filter(
          (one) => one.kind === 'function' && one.func !== undefined && !found.includes(one),
        ),
      )
    }
  }
  return found
}
