import type { Access, AccessStep, Carry } from '../models/index.ts'
import type { Call, Frame } from './frame.ts'
import { isTopLevel } from './frame.ts'
import { awaited, deepLabels, read, rejected, slot, slots, textOf, write, writeSlot } from './heap-access.ts'
import type { Obj, ObjKind } from './object.ts'
import { AWAIT, ELEMENT, KEYS, REJECT, SELF, VALUE, childPath } from './path.ts'
import type { Arg } from './summary.ts'
import type { Label, Value } from './value.ts'
import { UNKNOWN, join, joinAll, joinLabels, ofLabels, ofRefs, pathLabel } from './value.ts'

export function positionsOf(base: Access['base'] & { kind: 'arg' }, args: readonly Arg[]): number[] {
  if (base.fromEnd) return [args.length - 1 + base.from]
  const last = Math.min(
    base.to,
    Math.max(args.length - 1, args.some((arg) => arg.spread) ? base.from + 2 : 0, base.from),
  )
  return Array.from({ length: last - base.from + 1 }, (_, at) => base.from + at)
}

export function stepInto(frame: Frame, value: Value, step: AccessStep): Value {
  if (step.kind === 'any') return read(frame, value, undefined)
  if (step.kind === 'deep') return ofLabels(deepLabels(frame, value))
  if (step.kind !== 'field') return UNKNOWN
  if (step.name === AWAIT) return awaited(frame, value)
  if (step.name === REJECT) return rejected(frame, value)
  if (step.name === ELEMENT) return elements(frame, value)
  if (step.name === KEYS) return read(frame, { ...value, labels: [] }, KEYS)
  return read(frame, value, step.name)
}

/** What a collection holds: elements of an array or a set, values of a map. */
function elements(frame: Frame, value: Value): Value {
  const maps = value.refs.filter((obj) => obj.kind === 'map')
  const plain = read(frame, { ...value, refs: value.refs.filter((obj) => obj.kind !== 'map') }, undefined)
  return joinAll([
    plain,
    ...maps.flatMap((obj) =>
      [...slots(frame, obj)]
        .filter(([field]) => field.startsWith(VALUE) || field === ELEMENT)
        .map(([, one]) => one),
    ),
  ])
}

export function carry(frame: Frame, value: Value, how: Carry): Value {
  if (how === 'move' || how === 'fields') return value
  if (how === 'text') return ofLabels(textOf(frame, value))
  if (how === 'deep') return ofLabels(deepLabels(frame, value))
  let labels = value.labels
  for (const obj of value.refs)
    if (obj.path !== undefined && obj.kind === 'symbolic')
      labels = joinLabels(labels, selfLabel(obj, value.cleared))
  return ofLabels(labels)
}

function selfLabel(obj: Obj, cleared: number): readonly Label[] {
  return obj.path === undefined ? [] : [pathLabel(childPath(obj.path, SELF), cleared, undefined)]
}

const CONTAINERS: ReadonlyMap<string, ObjKind> = new Map([
  [ELEMENT, 'array'],
  [AWAIT, 'promise'],
  [REJECT, 'promise'],
  [VALUE, 'map'],
])

/** The value, inside as many containers as the row's target names. */
export function wrap(frame: Frame, call: Call, steps: readonly AccessStep[], value: Value): Value {
  const [step, ...rest] = steps
  if (step === undefined) return value
  if (step.kind !== 'field') return UNKNOWN
  const inner = wrap(frame, { ...call, id: call.id + 0.125 }, rest, value)
  const kind = /^\d+$/.test(step.name) ? 'array' : (CONTAINERS.get(step.name) ?? 'object')
  const made = frame.world.heap.at(call.id, { kind }, isTopLevel(frame))
  writeSlot(frame, made, step.name, join(slot(frame, made, step.name), inner))
  return ofRefs([made])
}

export function store(frame: Frame, target: Value, field: string, value: Value): void {
  if (!field.startsWith('<'))
    write(frame, { ...target, refs: target.refs }, field, join(read(frame, target, field), value))
  else for (const obj of target.refs) writeSlot(frame, obj, field, join(slot(frame, obj, field), value))
}

/** Writing taint onto an object as a whole: every later read of it is tainted. */
export function taintObject(frame: Frame, target: Value, value: Value): void {
  for (const obj of target.refs) writeSlot(frame, obj, ELEMENT, join(slot(frame, obj, ELEMENT), value))
}
