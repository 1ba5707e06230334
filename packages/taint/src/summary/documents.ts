import { argumentAt } from './arguments.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { read, slots, textOf, writeSlot } from './heap-access.ts'
import { CONTENT_TYPE } from './hidden.ts'
import type { Native } from './native.ts'
import { addSinks, siteOf } from './sinks.ts'
import type { Value } from './value.ts'
import { EMPTY, constant } from './value.ts'

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

function contentTypes(frame: Frame, headers: Value): unknown[] {
  return headers.refs.flatMap((obj) =>
    [...slots(frame, obj)]
      .filter(([field]) => field.toLowerCase() === 'content-type')
      .flatMap(([, type]) => type.constants ?? []),
  )
}

/** `writeHead(200, { 'content-type': 'text/plain' })` says that no markup follows. */
function writeHead(frame: Frame, call: Call): Outcome {
  for (const { value } of call.args.slice(1)) {
    const types = contentTypes(frame, value)
    for (const type of types) setContentType(frame, call, constant(String(type)))
  }
  return { value: call.thisValue, thrown: EMPTY }
}

/** Remembers what a response says it is. */
export function setContentType(frame: Frame, call: Call, type: Value): void {
  for (const obj of call.thisValue.refs)
    writeSlot(frame, obj, CONTENT_TYPE, { ...type, labels: [], refs: [] })
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
  decompress,
}
