import { argumentAt } from './arguments.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { isTopLevel } from './frame.ts'
import { isElement, iterate, read, slot, slots, writeSlot } from './heap-access.ts'
import { RULES } from './hidden.ts'
import type { Native } from './native.ts'
import type { Obj } from './object.ts'
import { ELEMENT, PROTO } from './path.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, constant, joinAll, ofRefs } from './value.ts'

/** Hidden fields of a schema: that no text gets through it, the schemas of its fields, that of its elements. */
const INERT = '<inert>'
const FIELDS = '<fields>'
const ITEMS = '<items>'

/** Schemas in schemas are followed no deeper than this: below, data is what it was. */
const MAX_DEPTH = 4

const NOTHING: Outcome = { value: EMPTY, thrown: EMPTY }

/** A native that only says more of the schema its row returns. */
function describing(describe: (frame: Frame, call: Call, schema: Obj) => void): Native {
  return (frame, call, _target, made) => {
    for (const schema of made?.refs ?? []) describe(frame, call, schema)
    return NOTHING
  }
}

/** `z.object({ id: z.number() })`, and `schema.extend({ ... })` with the fields of the schema before. */
function describeFields(frame: Frame, call: Call, schema: Obj): void {
  const shape = frame.world.heap.at(call.id + 0.5, { kind: 'object' }, isTopLevel(frame))
  for (const from of [...call.thisValue.refs, ...argumentAt(frame, call.args, 0).refs]) {
    const known = slot(frame, from, FIELDS).refs
    for (const one of known.length > 0 ? known : [from])
      for (const [field, value] of slots(frame, one))
        if (!field.startsWith('<')) writeSlot(frame, shape, field, value)
  }
  writeSlot(frame, schema, FIELDS, ofRefs([shape]))
}

/** `z.array(item)`, and `item.array()`. */
function describeItems(frame: Frame, call: Call, schema: Obj): void {
  const list = frame.world.heap.at(call.id + 0.5, { kind: 'array' }, isTopLevel(frame))
  writeSlot(frame, list, ELEMENT, call.args.length > 0 ? argumentAt(frame, call.args, 0) : call.thisValue)
  writeSlot(frame, schema, ITEMS, ofRefs([list]))
}

/** What comes out of a schema when this goes in. */
function parsed(frame: Frame, call: Call, schema: Value, input: Value, depth = 0): Value {
  if (schema.refs.length === 0 || depth > MAX_DEPTH) return input
  return joinAll(schema.refs.map((one) => parsedBy(frame, call, one, input, depth)))
}

function parsedBy(frame: Frame, call: Call, schema: Obj, input: Value, depth: number): Value {
  if (isInert(frame, schema)) return UNKNOWN
  const shapes = [...slot(frame, schema, FIELDS).refs, ...slot(frame, schema, ITEMS).refs]
  return shapes.length === 0 ? input : ofRefs(shapes.map((shape) => shaped(frame, call, shape, input, depth)))
}

/** Fields that the schema does not name do not get through. */
function shaped(frame: Frame, call: Call, shape: Obj, input: Value, depth: number): Obj {
  const made = frame.world.heap.through(call.id, shape, isTopLevel(frame))
  for (const [field, schema] of slots(frame, shape)) {
    if (!isElement(field)) continue
    const inner = field === ELEMENT ? iterate(frame, input) : read(frame, input, field)
    writeSlot(frame, made, field, parsed(frame, call, schema, inner, depth + 1))
  }
  return made
}

/** `{ success, data }`, as each library calls it. */
function outcome(frame: Frame, call: Call, result: Value): Outcome {
  const made = frame.world.heap.at(call.id, { kind: 'object' }, isTopLevel(frame))
  for (const name of ['data', 'value', 'output']) writeSlot(frame, made, name, result)
  return { value: ofRefs([made]), thrown: EMPTY }
}

function plain(value: Value): Outcome {
  return { value, thrown: EMPTY }
}

/** The classes whose fields an object has, or a class: itself and those it extends. */
function lineage(frame: Frame, classes: Value): Obj[] {
  const all = classes.refs.filter((obj) => obj.cls !== undefined)
  // The list grows while it is walked.
  for (const cls of all)
    all.push(...slot(frame, cls, PROTO).refs.filter((one) => one.cls !== undefined && !all.includes(one)))
  return all
}

function fieldsOf(cls: Obj): string[] {
  return (cls.cls?.members ?? []).flatMap(({ kind, key }) =>
    kind === 'field' && typeof key === 'string' ? [key] : [],
  )
}

/** `plainToInstance(Order, data)`: the fields that the class declares, as they come. */
function toInstance(frame: Frame, call: Call): Outcome {
  const input = argumentAt(frame, call.args, 1)
  const classes = lineage(frame, argumentAt(frame, call.args, 0))
  if (classes.length === 0) return plain(input)
  const made = frame.world.heap.at(call.id, { kind: 'object' }, isTopLevel(frame))
  writeSlot(frame, made, PROTO, joinAll(classes.map((cls) => slot(frame, cls, 'prototype'))))
  for (const field of classes.flatMap(fieldsOf)) writeSlot(frame, made, field, read(frame, input, field))
  return plain(ofRefs([made]))
}

/** `validateOrReject(order)`: from here on, fields are what the decorators say. */
function validate(frame: Frame, instance: Value): void {
  for (const obj of instance.refs) {
    const classes = lineage(frame, read(frame, ofRefs([obj]), 'constructor'))
    for (const cls of classes)
      for (const field of fieldsOf(cls))
        if (isChecked(frame, cls, field)) writeSlot(frame, obj, field, UNKNOWN)
  }
}

function isChecked(frame: Frame, cls: Obj, field: string): boolean {
  return slot(frame, cls, `${RULES}${field}`).refs.some((rule) => isInert(frame, rule))
}

function isInert(frame: Frame, schema: Obj): boolean {
  return slot(frame, schema, INERT).constants?.[0] === true
}

/** The schemas of libraries that check data: what each lets through of text. */
export const SCHEMA_NATIVES: Readonly<Record<string, Native>> = {
  'schema-inert': describing((frame, _call, schema) => writeSlot(frame, schema, INERT, constant(true))),
  'schema-fields': describing(describeFields),
  'schema-items': describing(describeItems),
  'schema-same': (_frame, call) => plain(call.thisValue),
  'schema-first': (frame, call) => plain(argumentAt(frame, call.args, 0)),
  'schema-any': (frame, call) => plain(read(frame, joinAll(call.args.map((arg) => arg.value)), undefined)),
  'schema-parse': (frame, call) =>
    plain(parsed(frame, call, call.thisValue, argumentAt(frame, call.args, 0))),
  'schema-try': (frame, call) =>
    outcome(frame, call, parsed(frame, call, call.thisValue, argumentAt(frame, call.args, 0))),
  'schema-instance': toInstance,
  'schema-validate': (frame, call) => {
    validate(frame, argumentAt(frame, call.args, 0))
    return plain(UNKNOWN)
  },
  'schema-parse-with': (frame, call) =>
    plain(parsed(frame, call, argumentAt(frame, call.args, 0), argumentAt(frame, call.args, 1))),
  'schema-try-with': (frame, call) =>
    outcome(
      frame,
      call,
      parsed(frame, call, argumentAt(frame, call.args, 0), argumentAt(frame, call.args, 1)),
    ),
}
