import type { Expr, Pattern } from '../graph/index.ts'
import type { Frame } from './frame.ts'
import { isTopLevel, stepAt } from './frame.ts'
import { iterate, read, slots, write, writeSlot } from './heap-access.ts'
import { factOf } from './fact.ts'
import { writeMarked } from './marked.ts'
import { writeBinding } from './names.ts'
import { copyInto } from './natives.ts'
import { addSinks } from './sinks.ts'
import type { Value } from './value.ts'
import { EMPTY, join, ofRefs, traced } from './value.ts'
import { rowOf } from '../models/index.ts'
import { memberOf } from '../models/index.ts'
import { textOf } from './heap-access.ts'

/** Stores a value in whatever the pattern names. */
export function assign(frame: Frame, pattern: Pattern, value: Value): void {
  switch (pattern.k) {
    case 'bind':
      writeBinding(
        frame,
        pattern.binding,
        traced(value, stepAt(frame, `assigned to ${pattern.binding.name}`, pattern)),
      )
      return
    case 'place':
      assignPlace(frame, pattern.place, value)
      return
    case 'default':
      assign(frame, pattern.target, join(value, frame.eval(pattern.value)))
      return
    case 'fields':
      assignFields(frame, pattern, value)
      return
    case 'items':
      assignItems(frame, pattern, value)
  }
}

function keyText(frame: Frame, key: string | Expr): string | undefined {
  if (typeof key === 'string') return key
  const found = frame.eval(key).constants
  return found?.length === 1 ? String(found[0]) : undefined
}

function assignFields(frame: Frame, pattern: Pattern & { k: 'fields' }, value: Value): void {
  frame.span = pattern
  const taken = new Set<string>()
  for (const { key, target } of pattern.fields) {
    const name = keyText(frame, key)
    if (name !== undefined) taken.add(name)
    frame.span = target
    assign(frame, target, read(frame, value, name))
  }
  if (pattern.rest !== undefined) assign(frame, pattern.rest, restOf(frame, pattern.start, value, taken))
}

/** What is left of an object once some of its fields are taken. */
function restOf(frame: Frame, site: number, value: Value, taken: ReadonlySet<string>): Value {
  const made = frame.world.heap.at(frame.func.id * 1e7 + site + 0.5, { kind: 'object' }, isTopLevel(frame))
  copyInto(frame, value, ofRefs([made]))
  for (const field of taken) writeSlot(frame, made, field, EMPTY)
  return { ...ofRefs([made]), labels: value.labels }
}

function assignItems(frame: Frame, pattern: Pattern & { k: 'items' }, value: Value): void {
  const loose = value.refs.some((obj) => obj.kind === 'map' || obj.kind === 'generator')
    ? iterate(frame, value)
    : EMPTY
  for (const [index, target] of pattern.items.entries()) {
    if (target !== undefined) assign(frame, target, join(read(frame, value, String(index)), loose))
  }
  if (pattern.rest === undefined) return
  const made = frame.world.heap.at(
    frame.func.id * 1e7 + pattern.start + 0.25,
    { kind: 'array' },
    isTopLevel(frame),
  )
  for (const obj of value.refs) {
    for (const [field, inner] of slots(frame, obj)) {
      if (!/^\d+$/.test(field)) writeSlot(frame, made, field, inner)
      else if (Number(field) >= pattern.items.length)
        writeSlot(frame, made, String(Number(field) - pattern.items.length), inner)
    }
    if (obj.kind === 'symbolic') writeSlot(frame, made, '<element>', read(frame, ofRefs([obj]), undefined))
  }
  assign(frame, pattern.rest, { ...ofRefs([made]), labels: value.labels })
}

function assignPlace(frame: Frame, place: Expr, value: Value): void {
  if (place.k !== 'member' && place.k !== 'index') {
    frame.eval(place)
    return
  }
  refuseKey(frame, place)
  const target = holder(frame, place.object)
  const key = place.k === 'member' ? place.key : indexKey(frame, place.index)
  frame.span = place
  const stored = traced(value, stepAt(frame, 'stored', place))
  modelledAssignment(frame, target, key, stored, place)
  if (place.k === 'member') writeMarked(frame, stored, place.key, place.marks, place)
  write(frame, target, key, stored)
  const fact = factOf(place)
  if (fact !== undefined) frame.state.dropFacts(fact)
}

/** `object[key].field = x` with a key from outside may write to what every object inherits. */
function refuseKey(frame: Frame, place: Expr & { k: 'member' | 'index' }): void {
  if (place.object.k !== 'index') return
  const labels = textOf(frame, frame.eval(place.object.index))
  addSinks(frame, labels, {
    module: frame.func.module,
    span: place,
    kind: 'prototype-key',
    parameter: 'key',
    callee: 'property access',
    isParameter: false,
  })
}

function indexKey(frame: Frame, index: Expr): string | undefined {
  const found = frame.eval(index)
  return found.constants?.length === 1 && found.labels.length === 0 ? String(found.constants[0]) : undefined
}

/** The object to write to; one nobody saw being made is made here, so that the write is not lost. */
function holder(frame: Frame, object: Expr): Value {
  const found = frame.eval(object)
  if (found.refs.length > 0 || (object.k !== 'member' && object.k !== 'name' && object.k !== 'index'))
    return found
  const made = ofRefs([
    frame.world.heap.at(frame.func.id * 1e7 + object.start, { kind: 'object' }, isTopLevel(frame)),
  ])
  if (object.k === 'name') writeBinding(frame, object.binding, join(found, made))
  else
    write(
      frame,
      holder(frame, object.object),
      object.k === 'member' ? object.key : undefined,
      join(found, made),
    )
  return join(found, made)
}

/** Assigning to a modelled place may be dangerous: `document.cookie = x`. */
function modelledAssignment(
  frame: Frame,
  target: Value,
  key: string | undefined,
  value: Value,
  place: Expr,
): void {
  if (key === undefined) return
  for (const obj of target.refs) {
    const node = obj.api === undefined ? undefined : memberOf(obj.api, key)
    const row = node === undefined ? undefined : rowOf(node)
    if (row?.assigned === undefined || node === undefined) continue
    const { kind, name } = row.assigned
    addSinks(frame, textOf(frame, value), {
      module: frame.func.module,
      span: place,
      kind,
      parameter: name,
      callee: node.label,
      isParameter: false,
    })
  }
}
