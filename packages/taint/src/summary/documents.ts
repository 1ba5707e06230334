import { argumentAt } from './arguments.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { read, slots, textOf, writeSlot } from './heap-access.ts'
import { CONTENT_TYPE } from './hidden.ts'
import type { Native } from './native.ts'
import { addSinks, siteOf } from './sinks.ts'
import { ABSOLUTE } from './path-facts.ts'
import type { Label, Value } from './value.ts'
import { EMPTY, UNKNOWN, constant } from './value.ts'

function sinkAt(frame: Frame, call: Call, index: number, kind: string, parameter: string): void {
  const labels = textOf(frame, argumentAt(frame, call.args, index))
  addSinks(frame, labels, siteOf(call, call.args[index]?.span ?? call.span, kind, parameter, call.name))
}

/** A parser that replaces entities when its options ask for it. */
function parseXml(frame: Frame, call: Call): undefined {
  const { constants } = read(frame, argumentAt(frame, call.args, 1), 'noent')
  if (constants?.includes(true) === true) sinkAt(frame, call, 0, 'xml', 'text')
}

/** `new Response(body, { headers })` is markup only when its content type says so. */
function newResponse(frame: Frame, call: Call): undefined {
  const headers = read(frame, argumentAt(frame, call.args, 1), 'headers')
  if (contentTypes(frame, headers).some((type) => /html|svg/i.test(String(type))))
    sinkAt(frame, call, 0, 'html', 'body')
}

/** A content type that is not written here: whoever chose it knows what follows. */
const CHOSEN_ELSEWHERE = '?'

function contentTypes(frame: Frame, headers: Value): unknown[] {
  return headers.refs.flatMap((obj) =>
    [...slots(frame, obj)]
      .filter(([field]) => field.toLowerCase() === 'content-type')
      .flatMap(([, type]) => type.constants ?? [CHOSEN_ELSEWHERE]),
  )
}

/** `writeHead(200, { 'content-type': 'text/plain' })` says that no markup follows. */
export function writeHead(frame: Frame, call: Call): Outcome {
  for (const { value } of call.args) {
    const types = contentTypes(frame, value)
    for (const type of types) setContentType(frame, call, constant(String(type)))
  }
  return { value: call.thisValue, thrown: EMPTY }
}

/** Express sends nothing from above a root; without one, who chooses where the path begins chooses the file. */
function sendFile(frame: Frame, call: Call): undefined {
  const options = argumentAt(frame, call.args, 1)
  if (options.refs.some((obj) => slots(frame, obj).has('root'))) {
    sink(frame, call, 1, 'root', textOf(frame, read(frame, options, 'root')))
    return
  }
  const labels = textOf(frame, argumentAt(frame, call.args, 0))
  sink(
    frame,
    call,
    0,
    'path',
    labels.filter((label) => (label.cleared & ABSOLUTE) === 0),
  )
}

function sink(frame: Frame, call: Call, index: number, parameter: string, labels: readonly Label[]): void {
  addSinks(frame, labels, siteOf(call, call.args[index]?.span ?? call.span, 'path', parameter, call.name))
}

/** Remembers what a response says it is. */
export function setContentType(frame: Frame, call: Call, type: Value): void {
  const constants = type.constants ?? [CHOSEN_ELSEWHERE]
  for (const obj of call.thisValue.refs) writeSlot(frame, obj, CONTENT_TYPE, { ...UNKNOWN, constants })
}

/** Unpacking without `maxOutputLength` may fill the memory. */
function decompress(frame: Frame, call: Call): undefined {
  const isBounded = call.args
    .slice(1)
    .some((arg) => arg.value.refs.some((obj) => slots(frame, obj).has('maxOutputLength')))
  if (!isBounded) sinkAt(frame, call, 0, 'decompression', 'buffer')
}

/** Documents whose options decide whether they are dangerous. */
export const DOCUMENT_NATIVES: Readonly<Record<string, Native>> = {
  'parse-xml': parseXml,
  'new-response': newResponse,
  'write-head': writeHead,
  'send-file': sendFile,
  decompress,
}
