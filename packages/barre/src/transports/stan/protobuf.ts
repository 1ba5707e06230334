/** What a field holds; booleans are numbers here, and so are 64 bits: nanoseconds are exact to less than one ms. */
interface Values {
  readonly text: string
  readonly bytes: Uint8Array
  readonly number: number
}

/** The fields of one message: what each is called here, its number in the protocol, and its kind. */
export type Layout = Readonly<Record<string, readonly [number: number, kind: keyof Values]>>

export type Decoded<L extends Layout> = { readonly [Name in keyof L]: Values[L[Name][1]] }

const defaults: Values = { text: '', bytes: new Uint8Array(), number: 0 }

/** The wire types of the encoding; 3 and 4 are groups, which nobody sends any more. */
const varint = 0
const fixed64 = 1
const delimited = 2
const fixed32 = 5
const varintMaxBytes = 10

/** Writes a message, without the fields that are absent. */
export function encode<L extends Layout>(layout: L, message: Partial<Decoded<L>>): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [name, [number]] of Object.entries(layout)) {
    const value: Values[keyof Values] | undefined = message[name]
    if (value === undefined) continue
    if (typeof value === 'number') {
      parts.push(toVarint(number * 8 + varint), toVarint(value))
    } else {
      const bytes = Buffer.from(value)
      parts.push(toVarint(number * 8 + delimited), toVarint(bytes.length), bytes)
    }
  }
  return Buffer.concat(parts)
}

/** Reads a message; what the layout does not know is skipped. Throws RangeError where the bytes are none. */
export function decode<L extends Layout>(layout: L, bytes: Uint8Array): Decoded<L> {
  const fields = Object.entries(layout)
  const message: Record<string, Values[keyof Values]> = {}
  for (const [name, [, kind]] of fields) message[name] = defaults[kind]
  const reader = { bytes, at: 0 }
  while (reader.at < bytes.length) {
    const tag = readVarint(reader)
    const value = readValue(reader, tag % 8)
    const [name, [, kind]] = fields.find(([, [number]]) => number === Math.floor(tag / 8)) ?? unknown
    // A field of another wire type than it should have is as one that we do not know.
    if (typeof value === 'number' && kind === 'number') message[name] = value
    if (typeof value === 'object' && kind === 'bytes') message[name] = value
    if (typeof value === 'object' && kind === 'text') message[name] = Buffer.from(value).toString('utf8')
  }
  return message as Decoded<L>
}

const unknown = ['', [0, undefined]] as const

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

/** `undefined`: of a kind that no message of ours has. */
function readValue(reader: Reader, wireType: number): number | Uint8Array | undefined {
  if (wireType === varint) return readVarint(reader)
  if (wireType === delimited) return take(reader, readVarint(reader))
  if (wireType !== fixed64 && wireType !== fixed32) throw new RangeError('no such wire type')
  take(reader, wireType === fixed64 ? 8 : 4)
  return undefined
}

/** Seven bits a byte, the lowest first; the highest bit says that there are more. */
function readVarint(reader: Reader): number {
  let value = 0
  for (let index = 0; index < varintMaxBytes; index++) {
    const [byte = 0] = take(reader, 1)
    value += (byte % 128) * 128 ** index
    if (byte < 128) return value
  }
  throw new RangeError('the number is too long')
}

function take(reader: Reader, size: number): Uint8Array {
  const end = reader.at + size
  if (end > reader.bytes.length) throw new RangeError('the message ends within a field')
  const taken = reader.bytes.subarray(reader.at, end)
  reader.at = end
  return taken
}

function toVarint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Uint8Array.from([...bytes, rest])
}
