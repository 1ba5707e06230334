import { argumentAt } from './arguments.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { isTopLevel } from './frame.ts'
import { iterate, mapValues, read, slot, slots, write, writeSlot } from './heap-access.ts'
import type { Native } from './native.ts'
import type { Obj } from './object.ts'
import { ELEMENT, KEYS, REJECT, VALUE } from './path.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, join, joinAll, ofRefs } from './value.ts'

function value(found: Value): Outcome {
  return { value: found, thrown: EMPTY }
}

/** The one constant that a key is, if it is one. */
export function keyOf(found: Value): string | undefined {
  return found.constants?.length === 1 && found.labels.length === 0 ? String(found.constants[0]) : undefined
}

function newMap(frame: Frame, call: Call): Outcome {
  const made = frame.world.heap.at(call.id, { kind: 'map' }, isTopLevel(frame))
  const initial = argumentAt(frame, call.args, 0)
  const pairs = iterate(frame, initial)
  if (pairs.refs.length > 0 || pairs.labels.length > 0) {
    writeSlot(frame, made, KEYS, read(frame, pairs, '0'))
    writeSlot(frame, made, VALUE, read(frame, pairs, '1'))
  }
  return value({ ...ofRefs([made]), labels: initial.labels })
}

function newSet(frame: Frame, call: Call): Outcome {
  const made = frame.world.heap.at(call.id, { kind: 'map' }, isTopLevel(frame))
  const initial = argumentAt(frame, call.args, 0)
  writeSlot(frame, made, ELEMENT, iterate(frame, initial))
  return value({ ...ofRefs([made]), labels: initial.labels })
}

function isMapLike(obj: Obj): boolean {
  return obj.kind === 'map' || obj.kind === 'symbolic'
}

function mapSet(frame: Frame, call: Call): Outcome | undefined {
  const maps = call.thisValue.refs.filter(isMapLike)
  if (maps.length === 0 || call.args.length < 2) return undefined
  const key = argumentAt(frame, call.args, 0)
  const found = argumentAt(frame, call.args, 1)
  const name = keyOf(key)
  for (const map of maps) {
    const field = name === undefined ? VALUE : `${VALUE}:${name}`
    writeSlot(
      frame,
      map,
      field,
      name !== undefined && maps.length === 1 ? found : join(slot(frame, map, field), found),
    )
    writeSlot(frame, map, KEYS, join(slot(frame, map, KEYS), key))
  }
  return value(call.thisValue)
}

function mapGet(frame: Frame, call: Call): Outcome | undefined {
  const maps = call.thisValue.refs.filter(isMapLike)
  if (maps.length === 0)
    return call.thisValue.labels.length > 0 ? value({ ...UNKNOWN, labels: call.thisValue.labels }) : undefined
  const name = keyOf(argumentAt(frame, call.args, 0))
  const found = joinAll(maps.map((map) => mapValues(frame, map, name)))
  return value({ ...found, labels: [...call.thisValue.labels, ...found.labels] })
}

function setAdd(frame: Frame, call: Call): Outcome | undefined {
  const sets = call.thisValue.refs.filter(isMapLike)
  if (sets.length === 0) return undefined
  for (const set of sets)
    writeSlot(frame, set, ELEMENT, join(slot(frame, set, ELEMENT), argumentAt(frame, call.args, 0)))
  return value(call.thisValue)
}

/** `groupBy(list, f)`: every group holds elements of the list. */
function groupByNative(frame: Frame, call: Call): Outcome {
  const list = argumentAt(frame, call.args, 0)
  const element = iterate(frame, list)
  const key = frame.invoke(argumentAt(frame, call.args, 1), {
    ...call,
    id: call.id + 0.25,
    args: [{ value: element, spread: false }],
    thisValue: UNKNOWN,
  })
  const group = frame.world.heap.at(call.id + 0.5, { kind: 'array' }, isTopLevel(frame))
  writeSlot(frame, group, ELEMENT, element)
  const made = frame.world.heap.at(call.id, { kind: 'map' }, isTopLevel(frame))
  for (const field of [VALUE, ELEMENT]) writeSlot(frame, made, field, ofRefs([group]))
  writeSlot(frame, made, KEYS, key.value)
  return { value: { ...ofRefs([made]), labels: list.labels }, thrown: key.thrown }
}

/** Values or entries of a map; other receivers are handled by name. */
function mapValuesNative(frame: Frame, call: Call): Outcome | undefined {
  const maps = call.thisValue.refs.filter((obj) => obj.kind === 'map')
  if (maps.length === 0) return undefined
  const list = frame.world.heap.at(call.id, { kind: 'array' }, isTopLevel(frame))
  writeSlot(
    frame,
    list,
    ELEMENT,
    joinAll(maps.map((map) => join(mapValues(frame, map, undefined), slot(frame, map, ELEMENT)))),
  )
  return value({ ...ofRefs([list]), labels: call.thisValue.labels })
}

function mapEntriesNative(frame: Frame, call: Call): Outcome {
  const list = frame.world.heap.at(call.id, { kind: 'array' }, isTopLevel(frame))
  const maps = {
    ...call.thisValue,
    refs: call.thisValue.refs.filter((obj) => obj.kind === 'map' || obj.kind === 'symbolic'),
  }
  writeSlot(frame, list, ELEMENT, iterate(frame, maps))
  const pair = frame.world.heap.at(call.id + 0.5, { kind: 'array' }, isTopLevel(frame))
  writeSlot(
    frame,
    pair,
    '1',
    read(
      frame,
      { ...call.thisValue, refs: call.thisValue.refs.filter((obj) => obj.kind === 'array') },
      undefined,
    ),
  )
  writeSlot(frame, list, ELEMENT, join(slot(frame, list, ELEMENT), ofRefs([pair])))
  return value({ ...ofRefs([list]), labels: call.thisValue.labels })
}

/** A view shares its buffer: what is written through the one is read through the other. */
function typedArray(frame: Frame, call: Call): Outcome {
  const from = argumentAt(frame, call.args, 0)
  const made = frame.world.heap.at(call.id, { kind: 'array' }, isTopLevel(frame))
  writeSlot(frame, made, 'buffer', from)
  writeSlot(frame, made, ELEMENT, read(frame, from, undefined))
  return value({ ...ofRefs([made]), labels: from.labels })
}

/** `Array.from(iterable)` of an array keeps positions; its rows do the rest. */
function arrayFrom(frame: Frame, call: Call): Outcome | undefined {
  const from = argumentAt(frame, call.args, 0)
  const failing = from.refs.filter((obj) => obj.kind === 'generator')
  if (failing.length === 0 || call.args.length > 1) return undefined
  const list = frame.world.heap.at(call.id, { kind: 'array' }, isTopLevel(frame))
  writeSlot(frame, list, ELEMENT, iterate(frame, from))
  return { value: ofRefs([list]), thrown: joinAll(failing.map((obj) => slot(frame, obj, REJECT))) }
}

function newArray(frame: Frame, call: Call): Outcome {
  const made = frame.world.heap.at(call.id, { kind: 'array' }, isTopLevel(frame))
  if (call.args.length === 1) writeSlot(frame, made, ELEMENT, EMPTY)
  else for (const [index, arg] of call.args.entries()) writeSlot(frame, made, String(index), arg.value)
  return value(ofRefs([made]))
}

/** Elements before the end may move: `with(1, x)` replaces one and keeps the rest. */
function withNative(frame: Frame, call: Call): Outcome | undefined {
  const arrays = call.thisValue.refs.filter((obj) => obj.kind === 'array')
  if (arrays.length === 0) return undefined
  const made = frame.world.heap.at(call.id, { kind: 'array' }, isTopLevel(frame))
  for (const array of arrays)
    for (const [field, one] of slots(frame, array)) writeSlot(frame, made, field, one)
  write(frame, ofRefs([made]), keyOf(argumentAt(frame, call.args, 0)), argumentAt(frame, call.args, 1))
  return value({ ...ofRefs([made]), labels: call.thisValue.labels })
}

/** Arrays, maps and sets. */
export const COLLECTION_NATIVES: Readonly<Record<string, Native>> = {
  'new-map': newMap,
  'new-set': newSet,
  'new-array': newArray,
  'map-set': mapSet,
  'map-get': mapGet,
  'set-add': setAdd,
  'group-by': groupByNative,
  with: withNative,
  'map-values': mapValuesNative,
  'map-entries': mapEntriesNative,
  'typed-array': typedArray,
  'array-from': arrayFrom,
}
