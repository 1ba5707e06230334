import { refuse } from './denial.ts'
import type { Call } from './call.ts'
import type { Denial } from './denial.ts'
import type { Result } from './result.ts'

/** The largest Authorization value that is looked at, in bytes. ML-DSA tokens need about 8,000. */
export const authorizationMaxBytes = 16_384

/** An Authorization value split by RFC 9110 §11.4. */
export interface Authorization {
  readonly scheme: string
  /** A token68, verbatim. */
  readonly token: string
}

// RFC 9110 §11.2: token68. One space: RFC 9110 allows more, no client sends them, and one form leaves nothing
// to dodge.
const form = /^([A-Za-z][A-Za-z0-9-]*) ([A-Za-z0-9\-._~+/]+=*)$/
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Reads the one Authorization value of a call when its scheme is `scheme` (case-insensitive).
 * Abstains when there is none or it is of another scheme; two values, or a broken one of our scheme, are
 * malformed.
 */
export function readAuthorization(call: Call, scheme: string): Result<string> | undefined {
  const read = readAuthorizationText(call, scheme)
  return read?.ok === true && !isToken68(read.value) ? brokenCredential(scheme) : read
}

/**
 * The same, but its characters are not looked at: for a provider that accepts fewer than a token68 has, and before
 * it refuses asks `isToken68`, so that the caller hears the same.
 */
export function readAuthorizationText(call: Call, scheme: string): Result<string> | undefined {
  const values = call.metadata('authorization')
  if (values.length === 0) return undefined
  if (values.length > 1) return refuse('malformed', 'more than one Authorization value')
  const value = values[0]!
  if (!hasScheme(value, scheme)) return undefined
  if (value.length > authorizationMaxBytes) return brokenCredential(scheme)
  return { ok: true, value: value.slice(scheme.length + 1) }
}

/** Whether text is one or more characters of a token68 (RFC 9110 §11.2). */
export function isToken68(text: string): boolean {
  return token68.test(text)
}

/** The refusal of a value that has our scheme and is not `scheme token68`. */
export function brokenCredential(scheme: string): { readonly ok: false; readonly denial: Denial } {
  return refuse('malformed', `broken ${scheme} credential`)
}

/** Splits a header value; `undefined` when it is not `scheme token68` or too long. */
export function parseAuthorization(value: string): Authorization | undefined {
  if (value.length > authorizationMaxBytes) return undefined
  const match = form.exec(value)
  return match === null ? undefined : { scheme: match[1]!, token: match[2]! }
}

/** Whether a value begins with the scheme and a space, or is the scheme alone. */
function hasScheme(value: string, scheme: string): boolean {
  const { length } = scheme
  if (value.length > length && value[length] !== ' ') return false
  const start = value.slice(0, length)
  return start === scheme || start.toLowerCase() === scheme.toLowerCase()
}
