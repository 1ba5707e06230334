import type { Frame } from './frame.ts'
import { iterate, read } from './heap-access.ts'
import { ELEMENT } from './path.ts'
import type { Arg } from './summary.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, join, joinAll } from './value.ts'

/** The value of one argument, spread arguments included. */
export function argumentAt(frame: Frame, args: readonly Arg[], index: number): Value {
  const spreadAt = args.findIndex((arg) => arg.spread)
  if (spreadAt < 0 || index < spreadAt) return args[index]?.value ?? UNKNOWN
  return spreadArgument(frame, args, index, spreadAt)
}

/** Past a spread, positions depend on its length: known elements count exactly, others at every place. */
function spreadArgument(frame: Frame, args: readonly Arg[], index: number, spreadAt: number): Value {
  let position = spreadAt
  let found = EMPTY
  for (const arg of args.slice(spreadAt)) {
    if (!arg.spread) {
      if (position === index) return join(found, arg.value)
      position += 1
      continue
    }
    const length = knownLength(frame, arg.value)
    if (length === undefined)
      return join(found, looseRest(frame, args, args.indexOf(arg), arg.value, index - position))
    if (index < position + length) return join(found, read(frame, arg.value, String(index - position)))
    position += length
  }
  return found === EMPTY ? UNKNOWN : found
}

function looseRest(frame: Frame, args: readonly Arg[], at: number, spread: Value, index: number): Value {
  const after = args.slice(at + 1).map((arg) => (arg.spread ? iterate(frame, arg.value) : arg.value))
  const exact = index >= 0 ? read(frame, spread, String(index)) : EMPTY
  return joinAll([exact, ...after])
}

/** The length of an array literal whose elements are all known. */
function knownLength(frame: Frame, value: Value): number | undefined {
  if (value.labels.length > 0 || value.refs.length !== 1) return undefined
  const obj = value.refs[0]
  if (obj?.kind !== 'array') return undefined
  const fields = frame.state.fields(obj)
  if ((fields.get(ELEMENT) ?? EMPTY) !== EMPTY) return undefined
  const indexes = [...fields.keys()].filter((field) => /^\d+$/.test(field))
  return indexes.length
}

/** Arguments from `from` on, as the array a rest parameter holds. */
export function fillRest(
  frame: Frame,
  args: readonly Arg[],
  from: number,
  put: (field: string, value: Value) => void,
): void {
  const spreadAt = args.findIndex((arg) => arg.spread)
  const fixed = spreadAt < 0 ? args.length : spreadAt
  for (let index = from; index < fixed; index += 1) put(String(index - from), args[index]?.value ?? UNKNOWN)
  if (spreadAt < 0) return
  const lengths = args.slice(spreadAt).map((arg) => (arg.spread ? knownLength(frame, arg.value) : 1))
  const total = lengths.reduce<number | undefined>(
    (sum, length) => (sum === undefined || length === undefined ? undefined : sum + length),
    spreadAt,
  )
  if (total !== undefined) {
    for (let index = Math.max(from, spreadAt); index < total; index += 1)
      put(String(index - from), argumentAt(frame, args, index))
    return
  }
  for (const arg of args.slice(spreadAt)) put(ELEMENT, arg.spread ? iterate(frame, arg.value) : arg.value)
  const first = args[spreadAt]
  if (first !== undefined)
    for (let index = 0; index < 3; index += 1)
      put(
        String(index + Math.max(0, spreadAt - from)),
        read(frame, first.value, String(index + Math.max(0, from - spreadAt))),
      )
}

/** Whole-array taint of spread arguments, for places that take any argument. */
export function argumentValues(frame: Frame, args: readonly Arg[], from: number, to: number): Value[] {
  const values: Value[] = []
  const spreadAt = args.findIndex((arg) => arg.spread)
  const last = Math.min(to, spreadAt < 0 ? args.length - 1 : Math.max(args.length + 2, from))
  for (let index = from; index <= last; index += 1) values.push(argumentAt(frame, args, index))
  return values
}
