import { isUtf8 } from 'node:buffer'
import { ok, refuse } from '../core/index.ts'
import type { Result } from '../core/index.ts'

/** The deepest nesting of objects and lists that is read. */
export const jsonMaxDepth = 32
/** The largest text that is read unless the caller names another limit, in bytes. */
export const jsonMaxBytes = 16_384

/**
 * A JSON object as we hand it out: without a prototype, deep-frozen, so that `__proto__` is a name like any
 * other.
 */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Reads a JSON object strictly: UTF-8 without BOM, no duplicate member at any depth, no number beyond a
 * double, no lone surrogate.
 * Refuses with `invalid`; `what` names the text in the refusal's detail.
 */
export function parseJsonObject(
  bytes: Buffer,
  what: string,
  maxBytes: number = jsonMaxBytes,
): Result<JsonObject> {
  if (bytes.length > maxBytes) return refuse('invalid', `${what} is larger than ${maxBytes} bytes`)
  if (!isUtf8(bytes)) return refuse('invalid', `${what} is not UTF-8`)
  const text = bytes.toString('utf8')
  const copier = new Copier(text)
  let value: unknown
  try {
    value = copier.copy(JSON.parse(text), 0)
  } catch {
    return refuse('invalid', `${what} is not JSON within the limits`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('invalid', `${what} is not a JSON object`)
  }
  if (countMembers(text) !== copier.members) return refuse('invalid', `${what} has a duplicate member`)
  return ok(value as JsonObject)
}

/** Copies parsed JSON into frozen, prototype-free data and counts the members that survived JSON.parse. */
class Copier {
  members = 0
  /** Valid UTF-8 holds no lone surrogate: only an escape can bring one. */
  readonly #escapes: boolean

  constructor(text: string) {
    this.#escapes = text.includes('\\u')
  }

  copy(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.#text(value)
    if (typeof value !== 'object' || value === null) return finite(value)
    if (depth === jsonMaxDepth) throw new RangeError('nested too deeply')
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) value[index] = this.copy(value[index], depth + 1)
      return Object.freeze(value)
    }
    const copy = Object.create(null) as Record<string, unknown>
    for (const name of Object.keys(value)) {
      this.members++
      copy[this.#text(name)] = this.copy((value as Record<string, unknown>)[name], depth + 1)
    }
    return Object.freeze(copy)
  }

  /** Two different lone surrogates become the same bytes in UTF-8: two names could meet in one. */
  #text(text: string): string {
    if (this.#escapes && !text.isWellFormed()) throw new RangeError('lone surrogate')
    return text
  }
}

function finite(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('number out of range')
  return value
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/**
 * How many members valid JSON text has: its colons outside strings. JSON.parse keeps one of several members
 * of the same name,
 * so duplicates show as a difference.
 */
function countMembers(text: string): number {
  let count = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === quote) inString = !inString
    else if (code === backslash) index++
    else if (code === colon && !inString) count++
  }
  return count
}
