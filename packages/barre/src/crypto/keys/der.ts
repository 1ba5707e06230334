import { KeyError } from './key-error.ts'

/** The identifier octets (X.690 §8.1.2) of the types that keys, certificates and stores are made of. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  bmpString: 0x1e,
} as const

/** The identifier octet of the context-specific tag `[number]`. */
export function contextTag(number: number, form: 'primitive' | 'constructed'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | number
}

/** One value: its identifier octet, what it holds, and all of its bytes. */
export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  readonly bytes: Buffer
}

/** Reads exactly one DER value; bytes behind it are an error. */
export function readDer(bytes: Uint8Array, tag: number, what: string): DerReader {
  const outer = new DerReader(bytes, what)
  const value = outer.next(tag)
  outer.end()
  return new DerReader(value.content, what)
}

/**
 * Walks through the values of one constructed value, strictly by X.690 §10: definite lengths, each in its
 * shortest form. It does not recurse, so nesting costs nothing that its caller did not ask for.
 */
export class DerReader {
  readonly #bytes: Buffer
  readonly #what: string
  #offset = 0

  /** `what` is the name of the structure, for messages. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }

  get hasMore(): boolean {
    return this.#offset < this.#bytes.length
  }

  /** The identifier octet of what comes next. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#offset]
  }

  next(tag?: number): DerValue {
    const start = this.#offset
    const found = this.#octet()
    if (tag !== undefined && found !== tag) {
      throw this.#malformed(`expected tag 0x${hex(tag)}, found 0x${hex(found)}`)
    }
    if ((found & 0x1f) === 0x1f) throw this.#malformed('a tag number above 30')
    const length = this.#length()
    const contentStart = this.#offset
    if (length > this.#bytes.length - contentStart) throw this.#malformed('a length beyond the end')
    this.#offset = contentStart + length
    return {
      tag: found,
      content: this.#bytes.subarray(contentStart, this.#offset),
      bytes: this.#bytes.subarray(start, this.#offset),
    }
  }

  /** The next value when it has this tag. */
  optional(tag: number): DerValue | undefined {
    return this.nextTag === tag ? this.next(tag) : undefined
  }

  /** Goes into the next value. */
  enter(tag: number = tags.sequence): DerReader {
    return new DerReader(this.next(tag).content, this.#what)
  }

  oid(): string {
    return toOid(this.next(tags.oid).content, this.#what)
  }

  octets(): Buffer {
    return this.next(tags.octetString).content
  }

  /** A whole number from 0 to `max`. */
  integer(max: number): number {
    const { content } = this.next(tags.integer)
    if (content.length === 0 || content.length > 6) throw this.#malformed('a number out of range')
    if (content.length > 1 && content[0] === 0 && content[1]! < 0x80) {
      throw this.#malformed('a number that is not in its shortest form')
    }
    const value = content.readIntBE(0, content.length)
    if (value < 0 || value > max) throw this.#malformed(`a number outside of 0 to ${max}`)
    return value
  }

  /** A time in the one form that RFC 5280 §4.1.2.5.2 allows, in milliseconds since the epoch. */
  time(): number {
    const text = this.next(tags.generalizedTime).content.toString('latin1')
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
    const [year, month, day, hour, minute, second] = parts?.slice(1) ?? []
    const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
    const timeMs = Date.parse(iso)
    // A day that its month does not have would become one of the next month.
    if (Number.isNaN(timeMs) || new Date(timeMs).toISOString() !== iso) {
      throw this.#malformed('a time that is not one')
    }
    return timeMs
  }

  /** The bytes of a BIT STRING that fills them. */
  bits(): Buffer {
    const { content } = this.next(tags.bitString)
    if (content[0] !== 0) throw this.#malformed('a bit string of whole bytes was expected')
    return content.subarray(1)
  }

  /** All that is left, as it is. */
  rest(): Buffer {
    const start = this.#offset
    this.#offset = this.#bytes.length
    return this.#bytes.subarray(start)
  }

  end(): void {
    if (this.hasMore) throw this.#malformed('more values than expected')
  }

  #octet(): number {
    const octet = this.#bytes[this.#offset]
    if (octet === undefined) throw this.#malformed('it ends early')
    this.#offset++
    return octet
  }

  #length(): number {
    const first = this.#octet()
    if (first < 0x80) return first
    const count = first - 0x80
    if (count === 0) throw this.#malformed('an indefinite length, which DER does not have')
    if (count > 4) throw this.#malformed('a length of more than 4 bytes')
    let length = 0
    for (let index = 0; index < count; index++) length = length * 256 + this.#octet()
    if (length < 0x80 || length < 256 ** (count - 1)) {
      throw this.#malformed('a length that is not in its shortest form')
    }
    return length
  }

  #malformed(problem: string): KeyError {
    return new KeyError('malformed', `${this.#what}: ${problem}`)
  }
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0')
}

/** The longest object identifier, in bytes. */
const oidMaxBytes = 64

function toOid(content: Buffer, what: string): string {
  const malformed = new KeyError('malformed', `${what}: an object identifier that is not one`)
  if (content.length === 0 || content.length > oidMaxBytes || content.at(-1)! >= 0x80) throw malformed
  const arcs: bigint[] = []
  let arc = 0n
  let isFirstOctet = true
  for (const octet of content) {
    if (isFirstOctet && octet === 0x80) throw malformed
    arc = (arc << 7n) | BigInt(octet & 0x7f)
    isFirstOctet = octet < 0x80
    if (!isFirstOctet) continue
    arcs.push(arc)
    arc = 0n
  }
  const [head = 0n, ...tail] = arcs
  const root = head < 80n ? head / 40n : 2n
  return [root, head - root * 40n, ...tail].join('.')
}
