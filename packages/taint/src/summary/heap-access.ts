import { EVERY, memberOf, rowOf } from '../models/index.ts'
import type { Frame } from './frame.ts'
import { impliedCall, isShared, stepAt } from './frame.ts'
import type { Obj } from './object.ts'
import { AWAIT, BOX, COPIED, DEEP, EARLIER, ELEMENT, KEYS, PROTO, REJECT, VALUE, childPath } from './path.ts'
import type { Label, Value } from './value.ts'
import {
  EMPTY,
  UNKNOWN,
  clear,
  join,
  joinAll,
  joinLabels,
  ofRefs,
  pathLabel,
  sourceLabel,
  textLabel,
} from './value.ts'

const MAX_HOLDERS = 24
const MAX_TEXT_OBJECTS = 200
const MAX_PROMISE_DEPTH = 2
const MAX_DEEP = 60

/** Numbers, whatever they are read from. */
const INERT_FIELDS: ReadonlySet<string> = new Set(['length', 'byteLength', 'byteOffset', 'size'])

/** What a slot holds when this function has not written it. */
export function missing(frame: Frame, obj: Obj, field: string): Value {
  if (obj.kind === 'symbolic' && obj.path !== undefined) {
    const path = childPath(obj.path, field)
    if (!frame.readAt.has(path.id)) frame.readAt.set(path.id, stepAt(frame, 'read'))
    return ofRefs([frame.world.heap.symbolic(path)])
  }
  return obj.isGlobal ? frame.world.globals.read(obj, field, frame.reads) : EMPTY
}

export function slot(frame: Frame, obj: Obj, field: string): Value {
  return frame.state.written(obj, field) ?? missing(frame, obj, field)
}

/** Every slot of an object that is known, hidden ones too. */
export function slots(frame: Frame, obj: Obj): ReadonlyMap<string, Value> {
  if (!obj.isGlobal) return frame.state.fields(obj)
  const shared = frame.world.globals.fields(obj, frame.reads)
  if (!frame.state.hasFields(obj)) return shared
  const fields = frame.state.fields(obj)
  const all = new Map(shared)
  for (const [field, value] of fields) all.set(field, value)
  return all
}

/** Reads a named field, or with `undefined` any field at all. */
export function read(frame: Frame, value: Value, key: string | undefined): Value {
  if (key !== undefined && INERT_FIELDS.has(key)) return UNKNOWN
  const parts = value.refs.map((obj) =>
    key === undefined ? readAny(frame, obj) : readField(frame, obj, key, value),
  )
  const found = clear(joinAll(parts), value.cleared)
  if (value.labels.length === 0) return parts.length === 0 ? UNKNOWN : found
  return { ...found, labels: joinLabels(value.labels, found.labels), constants: undefined }
}

function readField(frame: Frame, obj: Obj, key: string, receiver: Value): Value {
  let at: readonly Obj[] = [obj]
  const seen = new Set(at)
  while (at.length > 0) {
    let own = EMPTY
    for (const one of at) own = join(own, readOwn(frame, one, key, receiver))
    if (isSomething(own)) return own
    at = holdersOf(frame, at, seen)
  }
  return EMPTY
}

function isSomething(value: Value): boolean {
  return value.refs.length > 0 || value.labels.length > 0 || (value.constants?.length ?? 0) > 0
}

/** The objects that a field missing here may be in: those copied in, and prototypes. */
function holdersOf(frame: Frame, at: readonly Obj[], seen: Set<Obj>): Obj[] {
  const next: Obj[] = []
  for (const one of at) {
    if (one.kind === 'symbolic') continue
    for (const holder of [...slot(frame, one, COPIED).refs, ...slot(frame, one, PROTO).refs]) {
      if (seen.has(holder) || seen.size > MAX_HOLDERS) continue
      seen.add(holder)
      next.push(holder)
    }
  }
  return next
}

function readOwn(frame: Frame, obj: Obj, key: string, receiver: Value): Value {
  if (obj.kind === 'api')
    return joinAll([slot(frame, obj, key), readApi(frame, obj, key), readEarlier(frame, obj, key)])
  if (obj.kind === 'module') return readModule(frame, obj, key)
  const own = slot(frame, obj, key)
  if (obj.kind === 'symbolic') return join(own, frame.state.written(obj, ELEMENT) ?? EMPTY)
  const getter = slot(frame, obj, `get:${key}`)
  const loose = join(own, slot(frame, obj, ELEMENT))
  if (getter.refs.length > 0) {
    return join(loose, frame.invoke(getter, impliedCall(frame, obj.id * -1, receiver, [], key)).value)
  }
  if (key === 'prototype' && obj.kind === 'function' && own === EMPTY) return prototypeOf(frame, obj)
  return loose
}

/** Only what each of them wrote itself: links are not followed on. */
function readEarlier(frame: Frame, obj: Obj, key: string): Value {
  return joinAll(slot(frame, obj, EARLIER).refs.map((one) => slot(frame, one, key)))
}

/** A plain function's `prototype` exists once somebody asks for it. */
function prototypeOf(frame: Frame, obj: Obj): Value {
  const made = ofRefs([frame.world.heap.at(obj.site * -1, { kind: 'object' }, obj.isGlobal)])
  writeSlot(frame, obj, 'prototype', made)
  return made
}

function readApi(frame: Frame, obj: Obj, key: string): Value {
  const node = obj.api === undefined ? undefined : memberOf(obj.api, key)
  if (node === undefined) return UNKNOWN
  const source = rowOf(node)?.source
  const made = ofRefs([frame.world.heap.api(node)])
  if (source === undefined) return made
  const at = frame.world.source(
    source.kind,
    node.label,
    stepAt(frame, node.label),
    frame.applying > 0,
    source.confidence,
  )
  return at === undefined ? made : { ...made, labels: [sourceLabel(at, source.cleared)] }
}

function readModule(frame: Frame, obj: Obj, key: string): Value {
  const own = join(
    slot(frame, obj, key),
    joinAll(
      slot(frame, obj, 'module.exports').refs.map((one) =>
        one === obj ? EMPTY : readField(frame, one, key, EMPTY),
      ),
    ),
  )
  if (own === EMPTY && key === 'default') return join(slot(frame, obj, 'module.exports'), ofRefs([obj]))
  return own === EMPTY ? defaultMember(frame, obj, key) : own
}

/** Modules that were CommonJS once may give their default object's fields as their own. */
function defaultMember(frame: Frame, obj: Obj, key: string): Value {
  const binding = obj.module?.exports.get('default')
  if (binding === undefined || !('binding' in binding)) return EMPTY
  const whole = slot(frame, frame.cell(binding.binding), BOX)
  return joinAll(whole.refs.map((one) => (one.kind === 'object' ? slot(frame, one, key) : EMPTY)))
}

/** An element of a collection, or any field of an object. */
function readAny(frame: Frame, obj: Obj): Value {
  if (obj.kind === 'symbolic') return join(elementsOf(frame, obj), missing(frame, obj, ELEMENT))
  return elementsOf(frame, obj)
}

function elementsOf(frame: Frame, obj: Obj): Value {
  const found: Value[] = obj.isGlobal ? [frame.world.globals.elements(obj, frame.reads)] : []
  if (!frame.state.hasFields(obj)) return found[0] ?? EMPTY
  for (const [field, value] of frame.state.fields(obj)) if (isElement(field)) found.push(value)
  return joinAll(found)
}

/** What a read of any field sees. */
export function isElement(field: string): boolean {
  return !field.startsWith('<') || field === ELEMENT
}

/** What a loop over the value yields: elements, pairs of a map, what a generator hands out. */
export function iterate(frame: Frame, value: Value): Value {
  const parts = value.refs.map((obj) => iterated(frame, obj))
  const found = clear(joinAll(parts), value.cleared)
  if (value.labels.length === 0) return parts.length === 0 ? UNKNOWN : found
  return { ...found, labels: joinLabels(value.labels, found.labels), constants: undefined }
}

function iterated(frame: Frame, obj: Obj): Value {
  if (obj.kind === 'map') return mapEntry(frame, obj)
  const own = readAny(frame, obj)
  return obj.kind === 'api' ? join(own, readApi(frame, obj, ELEMENT)) : own
}

function mapEntry(frame: Frame, obj: Obj): Value {
  const values = mapValues(frame, obj, undefined)
  const elements = slot(frame, obj, ELEMENT)
  const keys = slot(frame, obj, KEYS)
  if (values === EMPTY && keys === EMPTY) return elements
  const pair = frame.world.heap.at(obj.id * -1, { kind: 'array' }, obj.isGlobal)
  writeSlot(frame, pair, '0', keys)
  writeSlot(frame, pair, '1', values)
  return join(elements, ofRefs([pair]))
}

/** The values a Map holds under one constant key, or under any. */
export function mapValues(frame: Frame, obj: Obj, key: string | undefined): Value {
  if (obj.kind === 'symbolic') return slot(frame, obj, key === undefined ? VALUE : `${VALUE}:${key}`)
  const loose = slot(frame, obj, VALUE)
  if (key !== undefined) return join(loose, slot(frame, obj, `${VALUE}:${key}`))
  let all = loose
  for (const [field, value] of slots(frame, obj)) if (field.startsWith(VALUE)) all = join(all, value)
  return all
}

/** What `await` makes of the value; anything that is no promise passes. */
export function awaited(frame: Frame, value: Value, depth = 0): Value {
  const parts = value.refs.map((obj) => {
    if (obj.kind === 'symbolic') return slot(frame, obj, AWAIT)
    if (obj.kind === 'api') return readApiAwait(frame, obj)
    const kept = obj.kind === 'promise' ? EMPTY : ofRefs([obj])
    const inner = slot(frame, obj, AWAIT)
    return join(kept, depth < MAX_PROMISE_DEPTH ? awaited(frame, inner, depth + 1) : inner)
  })
  const found = clear(joinAll(parts), value.cleared)
  return {
    labels: joinLabels(value.labels, found.labels),
    refs: found.refs,
    cleared: found.cleared,
    constants: parts.length === 0 ? value.constants : undefined,
  }
}

function readApiAwait(frame: Frame, obj: Obj): Value {
  const isPromise = obj.api?.members.has(AWAIT) === true || obj.api?.alias?.members.has(AWAIT) === true
  return isPromise ? readApi(frame, obj, AWAIT) : ofRefs([obj])
}

/** What a failed `await` throws. */
export function rejected(frame: Frame, value: Value, depth = 0): Value {
  const parts = value.refs.map((obj) => {
    if (obj.kind === 'symbolic') return slot(frame, obj, REJECT)
    if (obj.kind !== 'promise') return EMPTY
    const nested = depth < MAX_PROMISE_DEPTH ? rejected(frame, slot(frame, obj, AWAIT), depth + 1) : EMPTY
    return join(slot(frame, obj, REJECT), nested)
  })
  return clear(joinAll(parts), value.cleared)
}

/** Taint of the value's text: its own, and that of an array's elements or a promise's content. */
export function textOf(frame: Frame, value: Value): readonly Label[] {
  if (value.refs.length === 0) return value.labels
  const seen = new Set<Obj>()
  let labels: readonly Label[] = []
  const queue: Value[] = [value]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    labels = joinLabels(labels, at.labels)
    for (const obj of at.refs) {
      if (seen.has(obj) || seen.size > MAX_TEXT_OBJECTS) continue
      seen.add(obj)
      if (obj.kind === 'symbolic')
        labels = joinLabels(labels, textLabel(obj, at.cleared, startOf(frame, obj)))
      const inner = textPart(frame, obj)
      if (inner !== EMPTY) queue.push(clear(inner, at.cleared))
    }
  }
  return labels
}

/** The part of an object that its text shows. */
function textPart(frame: Frame, obj: Obj): Value {
  if (obj.kind === 'symbolic' || obj.kind === 'array') return elementsOf(frame, obj)
  if (obj.kind === 'error') return slot(frame, obj, 'message')
  if (obj.kind === 'api') return slot(frame, obj, ELEMENT)
  return obj.kind === 'promise' ? slot(frame, obj, AWAIT) : EMPTY
}

function startOf(frame: Frame, obj: Obj): Label['trace'] {
  const step = obj.path === undefined ? undefined : frame.readAt.get(obj.path.id)
  return step === undefined ? undefined : { before: undefined, step, length: 1 }
}

/** Taint anywhere inside: what a serializer would write. */
export function deepLabels(frame: Frame, value: Value): readonly Label[] {
  const seen = new Set<Obj>()
  let labels: readonly Label[] = []
  const queue: Value[] = [value]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    labels = joinLabels(labels, at.labels)
    for (const obj of at.refs) {
      if (seen.has(obj) || seen.size > MAX_DEEP) continue
      seen.add(obj)
      if (obj.path !== undefined && obj.kind === 'symbolic' && at.cleared !== EVERY) {
        labels = joinLabels(labels, [pathLabel(childPath(obj.path, DEEP), at.cleared, startOf(frame, obj))])
      }
      for (const [field, inner] of slots(frame, obj))
        if (field !== PROTO && !field.startsWith('@')) queue.push(clear(inner, at.cleared))
    }
  }
  return labels
}

export function writeSlot(frame: Frame, obj: Obj, field: string, value: Value): void {
  if (!obj.isGlobal || !isShared(frame)) frame.state.setField(obj, field, value)
  if (obj.isGlobal) frame.world.globals.write(obj, field, lasting(frame, value))
}

/** Writes a field of every object the value may be; certain only when there is exactly one. */
export function write(frame: Frame, target: Value, key: string | undefined, value: Value): void {
  const field = key ?? ELEMENT
  const isCertain = target.refs.length === 1 && key !== undefined
  for (const obj of target.refs) {
    const setter =
      key === undefined || obj.kind === 'symbolic' ? EMPTY : readField(frame, obj, `set:${key}`, target)
    if (setter.refs.some((one) => one.kind === 'function')) {
      frame.invoke(setter, impliedCall(frame, obj.id * -1, target, [{ value, spread: false }], key ?? ''))
      continue
    }
    writeSlot(frame, obj, field, isCertain ? value : join(slot(frame, obj, field), value))
    adopt(frame, value, obj)
  }
}

/** A function belongs to the objects it is stored in: run on its own, they are its `this`. */
export function adopt(frame: Frame, value: Value, home: Obj): void {
  for (const one of value.refs) {
    const known = frame.created.get(one)
    if (known !== undefined) frame.created.set(one, join(known, ofRefs([home])))
  }
}

/** The part of a value that may outlive the function: no parameters, and local objects as their lasting twins. */
function lasting(frame: Frame, value: Value): Value {
  if (value.refs.every((obj) => obj.isGlobal) && value.labels.every((label) => label.path === undefined))
    return value
  const labels = value.labels.filter((label) => label.path === undefined)
  const refs = value.refs.filter((obj) => obj.kind !== 'symbolic').map((obj) => lastingObject(frame, obj))
  return { labels, refs, cleared: value.cleared, constants: value.constants }
}

/** A local object's twin takes its fields when the function is done: only then are they all there. */
function lastingObject(frame: Frame, obj: Obj): Obj {
  if (obj.isGlobal) return obj
  frame.lasting.add(obj)
  return frame.world.heap.lasting(obj)
}

/** Writes the fields of every object that outlives this walk to its twin. */
export function saveLasting(frame: Frame): void {
  // The set grows while it is walked: what a field holds lasts as well.
  for (const obj of frame.lasting) {
    const twin = frame.world.heap.lasting(obj)
    for (const [field, inner] of frame.state.fields(obj))
      frame.world.globals.write(twin, field, lasting(frame, inner))
  }
}
