import { EVERY, maskOf } from '../models/index.ts'
import { argumentAt } from './arguments.ts'
import { CALLBACK_NATIVES } from './callbacks.ts'
import { COLLECTION_NATIVES, keyOf } from './collections.ts'
import { DOCUMENT_NATIVES, setContentType, writeHead } from './documents.ts'
import { EVENT_NATIVES } from './events.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { isTopLevel } from './frame.ts'
import { iterate, read, slot, slots, textOf, write, writeSlot } from './heap-access.ts'
import { BOUND_ARGS, BOUND_TARGET, BOUND_THIS } from './hidden.ts'
import type { Native } from './native.ts'
import { COPIED, ELEMENT, PROTO } from './path.ts'
import { PROMISE_NATIVES } from './promises.ts'
import { SCHEMA_NATIVES } from './schemas.ts'
import { addSinks, siteOf } from './sinks.ts'
import { TEXT_NATIVES } from './texts.ts'
import type { Arg } from './summary.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, clear, constant, join, ofRefs } from './value.ts'

function value(found: Value): Outcome {
  return { value: found, thrown: EMPTY }
}

/** Functions that can be called, bound and applied. */
function callables(receiver: Value): Value {
  return {
    ...receiver,
    refs: receiver.refs.filter(
      (obj) => obj.kind !== 'object' && obj.kind !== 'array' && obj.kind !== 'map' && obj.kind !== 'promise',
    ),
  }
}

function callNative(frame: Frame, call: Call): Outcome | undefined {
  const target = callables(call.thisValue)
  if (target.refs.length === 0) return undefined
  const [self, ...args] = call.args
  if (self?.spread === true)
    return frame.invoke(target, { ...call, thisValue: read(frame, self.value, '0'), args: [] })
  return frame.invoke(target, { ...call, thisValue: self?.value ?? UNKNOWN, args })
}

function applyNative(frame: Frame, call: Call): Outcome | undefined {
  const target = callables(call.thisValue)
  if (target.refs.length === 0) return undefined
  const list = call.args[1]?.value
  const args: Arg[] = list === undefined ? [] : [{ value: list, spread: true }]
  return frame.invoke(target, { ...call, thisValue: call.args[0]?.value ?? UNKNOWN, args })
}

function bindNative(frame: Frame, call: Call): Outcome | undefined {
  const target = callables(call.thisValue)
  if (target.refs.length === 0) return undefined
  const self = call.args[0]?.value ?? UNKNOWN
  return value(
    bound(
      frame,
      call,
      target,
      self,
      call.args.slice(1).map((arg) => arg.value),
    ),
  )
}

function bound(frame: Frame, call: Call, target: Value, self: Value, args: readonly Value[]): Value {
  const made = frame.world.heap.at(call.id, { kind: 'bound' }, isTopLevel(frame))
  writeSlot(frame, made, BOUND_TARGET, target)
  writeSlot(frame, made, BOUND_THIS, self)
  for (const [index, arg] of args.entries()) writeSlot(frame, made, `${BOUND_ARGS}:${index}`, arg)
  for (const obj of target.refs) frame.invoked.add(obj)
  return ofRefs([made])
}

/** `_.partial(f, a, b)` and `R.partial(f, [a, b])`. */
function partialNative(frame: Frame, call: Call): Outcome {
  const args = call.args.slice(1).map((arg) => arg.value)
  const list = args[0]
  const isList = args.length === 1 && list !== undefined && list.refs.some((obj) => obj.kind === 'array')
  const given =
    isList && list !== undefined
      ? [0, 1, 2, 3].map((index) => read(frame, list, String(index))).filter((one) => one !== EMPTY)
      : args
  return value(bound(frame, call, argumentAt(frame, call.args, 0), UNKNOWN, given))
}

function assignNative(frame: Frame, call: Call): Outcome {
  const target = argumentAt(frame, call.args, 0)
  for (let index = 1; index < call.args.length; index += 1)
    copyInto(frame, argumentAt(frame, call.args, index), target)
  return value(target)
}

/** Defined here and used by object spread too. */
export function copyInto(frame: Frame, from: Value, to: Value): void {
  for (const target of to.refs) {
    if (from.labels.length > 0)
      writeSlot(
        frame,
        target,
        ELEMENT,
        join(slot(frame, target, ELEMENT), { ...UNKNOWN, labels: from.labels }),
      )
    for (const obj of from.refs) {
      for (const [field, inner] of slots(frame, obj)) {
        if (field === PROTO || field.startsWith('@')) continue
        write(frame, ofRefs([target]), field, clear(inner, from.cleared))
      }
      if (obj.kind === 'symbolic')
        writeSlot(
          frame,
          target,
          COPIED,
          join(slot(frame, target, COPIED), clear(ofRefs([obj]), from.cleared)),
        )
    }
  }
}

function createNative(frame: Frame, call: Call): Outcome {
  const made = frame.world.heap.at(call.id, { kind: 'object' }, isTopLevel(frame))
  writeSlot(frame, made, PROTO, argumentAt(frame, call.args, 0))
  return value(ofRefs([made]))
}

function entriesNative(frame: Frame, call: Call): Outcome {
  const from = argumentAt(frame, call.args, 0)
  const pair = frame.world.heap.at(call.id + 0.5, { kind: 'array' }, isTopLevel(frame))
  writeSlot(frame, pair, '0', { ...UNKNOWN, labels: from.labels })
  writeSlot(frame, pair, '1', read(frame, from, undefined))
  const list = frame.world.heap.at(call.id, { kind: 'array' }, isTopLevel(frame))
  writeSlot(frame, list, ELEMENT, ofRefs([pair]))
  return value(ofRefs([list]))
}

function fromEntriesNative(frame: Frame, call: Call): Outcome {
  const pairs = iterate(frame, argumentAt(frame, call.args, 0))
  const made = frame.world.heap.at(call.id, { kind: 'object' }, isTopLevel(frame))
  writeSlot(frame, made, ELEMENT, read(frame, pairs, '1'))
  return value(ofRefs([made]))
}

function definePropertyNative(frame: Frame, call: Call): Outcome {
  const key = argumentAt(frame, call.args, 1).constants
  const descriptor = argumentAt(frame, call.args, 2)
  const target = argumentAt(frame, call.args, 0)
  const name = key?.length === 1 ? String(key[0]) : undefined
  write(frame, target, name, read(frame, descriptor, 'value'))
  for (const obj of target.refs)
    if (name !== undefined) writeSlot(frame, obj, `get:${name}`, read(frame, descriptor, 'get'))
  return value(target)
}

/** `untaint(value)` clears every kind, `untaint<'sql'>(value)` the named ones. */
function untaintNative(frame: Frame, call: Call): Outcome {
  if (frame.world.options.reasons && !hasComment(call))
    frame.world.diagnose(
      'untaint',
      call.module,
      call.span,
      'untaint without a reason: say why in a comment on this line or the one before',
    )
  return value(clear(call.args[0]?.value ?? UNKNOWN, call.kinds === undefined ? EVERY : maskOf(call.kinds)))
}

/** A comment on the line of the call, or on the one before. */
function hasComment({ module, span }: Call): boolean {
  const lines = module.text.slice(0, span.start).split('\n')
  const own = (lines.at(-1) ?? '') + (module.text.slice(span.start).split('\n')[0] ?? '')
  return [lines.at(-2) ?? '', own].some((line) => /\/\/\s*\S|\/\*\s*\S/.test(line))
}

/** A new object with the fields of every argument. */
function assignNew(frame: Frame, call: Call): Outcome {
  const made = ofRefs([frame.world.heap.at(call.id + 0.5, { kind: 'object' }, isTopLevel(frame))])
  const from =
    call.thisValue.refs.length > 0 && call.name === 'merge'
      ? [call.thisValue, ...call.args.map((arg) => arg.value)]
      : call.args.map((arg) => arg.value)
  for (const one of from) copyInto(frame, one, made)
  return value(made)
}

/** A copy of the receiver with one field replaced. */
function copySet(frame: Frame, call: Call): Outcome {
  const made = ofRefs([frame.world.heap.at(call.id + 0.5, { kind: 'object' }, isTopLevel(frame))])
  copyInto(frame, call.thisValue, made)
  write(frame, made, keyOf(argumentAt(frame, call.args, 0)), argumentAt(frame, call.args, 1))
  return value(made)
}

function readKey(frame: Frame, call: Call): Outcome {
  return value(read(frame, call.thisValue, keyOf(argumentAt(frame, call.args, 0))))
}

/** `spawn(file, args, { shell: true })` and `spawn('sh', ['-c', text])` hand text to a shell. */
function spawnNative(frame: Frame, call: Call): undefined {
  const file = argumentAt(frame, call.args, 0)
  const args = argumentAt(frame, call.args, 1)
  const shell = call.args
    .map((arg) => read(frame, arg.value, 'shell').constants)
    .some((found) => found !== undefined && found.some((one) => one === true || typeof one === 'string'))
  const isShell =
    file.constants?.some((one) =>
      /(?:^|[\\/])(?:sh|bash|zsh|cmd(?:\.exe)?|powershell)$/.test(String(one)),
    ) === true
  if (shell || isShell)
    addSinks(
      frame,
      textOf(frame, args),
      siteOf(call, call.args[1]?.span ?? call.span, 'command', 'args', call.name),
    )
  return undefined
}

/** In `$\`${file} ${argument}\`` the first word is what runs. */
function taggedCommand(frame: Frame, call: Call): undefined {
  if (call.kinds?.includes('tagged') !== true) return
  const head = read(frame, argumentAt(frame, call.args, 0), '0').constants
  if (head?.length !== 1 || String(head[0]).trim() !== '') return
  const span = call.args[1]?.span ?? call.span
  const labels = textOf(frame, argumentAt(frame, call.args, 1))
  addSinks(frame, labels, siteOf(call, span, 'command', 'file', call.name))
}

/** `Sub.prototype` inherits from `Base.prototype`. */
function inheritsNative(frame: Frame, call: Call): Outcome {
  const base = read(frame, argumentAt(frame, call.args, 1), 'prototype')
  for (const obj of read(frame, argumentAt(frame, call.args, 0), 'prototype').refs)
    writeSlot(frame, obj, PROTO, base)
  return value(UNKNOWN)
}

/** `setHeader('Location', url)` redirects; the value of any other header is no danger of its own. */
function setHeader(frame: Frame, call: Call): Outcome {
  if (call.args.length === 1) return writeHead(frame, call)
  const name = argumentAt(frame, call.args, 0).constants?.[0]
  const labels = textOf(frame, argumentAt(frame, call.args, 1))
  if (typeof name === 'string' && name.toLowerCase() === 'content-type')
    setContentType(frame, call, argumentAt(frame, call.args, 1))
  if (typeof name === 'string' && name.toLowerCase() === 'location')
    addSinks(frame, labels, siteOf(call, call.args[1]?.span ?? call.span, 'redirect', 'value', call.name))
  return value(call.thisValue)
}

/** `response.type('json')`. */
function contentType(frame: Frame, call: Call): Outcome {
  setContentType(frame, call, argumentAt(frame, call.args, 0))
  return value(call.thisValue)
}

function typeName(): Outcome {
  return value(constant('[object Object]'))
}

export const NATIVES: Readonly<Record<string, Native>> = {
  ...PROMISE_NATIVES,
  ...CALLBACK_NATIVES,
  ...COLLECTION_NATIVES,
  ...TEXT_NATIVES,
  ...DOCUMENT_NATIVES,
  ...SCHEMA_NATIVES,
  ...EVENT_NATIVES,
  call: callNative,
  apply: applyNative,
  bind: bindNative,
  partial: partialNative,
  assign: assignNative,
  create: createNative,
  entries: entriesNative,
  'from-entries': fromEntriesNative,
  'define-property': definePropertyNative,
  untaint: untaintNative,
  'type-name': typeName,
  spawn: spawnNative,
  inherits: inheritsNative,
  'set-header': setHeader,
  'content-type': contentType,
  'tagged-command': taggedCommand,
  'assign-new': assignNew,
  'copy-set': copySet,
  'read-key': readKey,
  none: () => undefined,
}
