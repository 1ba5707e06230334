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
  let value: unknown
  let members = 0
  try {
    value = JSON.parse(text)
    // Valid UTF-8 holds no lone surrogate: only an escape can bring one.
    if (typeof value === 'object' && value !== null) members = harden(value, 0, text.includes('\\u'))
  } catch {
    return refuse('invalid', `${what} is not JSON within the limits`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('invalid', `${what} is not a JSON object`)
  }
  if (countMembers(bytes) !== members) return refuse('invalid', `${what} has a duplicate member`)
  return ok(value as JsonObject)
}

/** Takes the prototypes from fresh JSON data and freezes it; answers how many members there are. */
function harden(value: object, depth: number, escapes: boolean): number {
  if (depth === jsonMaxDepth) throw new RangeError('nested too deeply')
  let members = 0
  if (Array.isArray(value)) {
    for (const member of value) members += judge(member, depth, escapes)
  } else {
    Object.setPrototypeOf(value, null)
    // Without a prototype there is nothing inherited for the loop to find.
    for (const name in value) {
      if (escapes) checkWellFormed(name)
      members += 1 + judge((value as Record<string, unknown>)[name], depth, escapes)
    }
  }
  Object.freeze(value)
  return members
}

/** Answers how many members lie below a member. */
function judge(member: unknown, depth: number, escapes: boolean): number {
  if (typeof member === 'object' && member !== null) return harden(member, depth + 1, escapes)
  if (escapes && typeof member === 'string') checkWellFormed(member)
  if (typeof member === 'number' && !Number.isFinite(member)) throw new RangeError('number out of range')
  return 0
}

/** Two different lone surrogates become the same bytes in UTF-8: two names could meet in one. */
function checkWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new RangeError('lone surrogate')
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/**
 * How many members valid JSON text has: its colons outside strings. JSON.parse keeps one of several members
 * of the same name,
 * so duplicates show as a difference.
 */
function countMembers(json: Uint8Array): number {
  let count = 0
  for (let index = 0; index < json.length; index++) {
    const byte = json[index]
    if (byte === colon) count++
    else if (byte === quote) index = endOfString(json, index)
  }
  return count
}

/** Where the string that opens at `start` closes. In UTF-8 these bytes are no part of another character. */
function endOfString(json: Uint8Array, start: number): number {
  let index = start + 1
  for (; index < json.length; index++) {
    const byte = json[index]
    if (byte === quote) break
    if (byte === backslash) index++
  }
  return index
}
