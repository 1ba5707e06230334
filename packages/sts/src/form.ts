import { refuse } from './oauth-error.ts'
import type { Outcome } from './oauth-error.ts'

/** The parameters of a token request, decoded. One that was sent without a value is absent (RFC 6749 §3.2). */
export interface Form {
  get(name: string): string | undefined
  /** Every value of a parameter that may be repeated. */
  all(name: string): readonly string[]
  /** Every parameter with its values, as JSON can hold them. */
  entries(): readonly (readonly [name: string, values: readonly string[]])[]
}

/** The largest body of a token request, in bytes: room for two of the longest tokens that are accepted anywhere. */
export const formMaxBytes = 40_960
/** The most parameters of a token request. */
export const formMaxParameters = 32

// RFC 6749 §3.2: no parameter is included more than once. RFC 8693 §2.1 excepts these two.
const repeatable: ReadonlySet<string> = new Set(['audience', 'resource'])

/** Reads an `application/x-www-form-urlencoded` body strictly: ASCII, whole escapes, UTF-8, no parameter twice. */
export function parseForm(body: Uint8Array): Outcome<Form> {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')
  if (!printable.test(text)) return notEncoded
  const pairs = text === '' ? [] : text.split('&')
  if (pairs.length > formMaxParameters)
    return refuse('invalid_request', 'The request has too many parameters.')
  const values = new Map<string, string[]>()
  for (const pair of pairs) {
    const problem = addPair(values, pair)
    if (problem !== undefined) return problem
  }
  return { ok: true, value: new DecodedForm(values) }
}

function addPair(values: Map<string, string[]>, pair: string): Outcome<never> | undefined {
  const equals = pair.indexOf('=')
  const name = decode(equals === -1 ? pair : pair.slice(0, equals))
  const value = decode(equals === -1 ? '' : pair.slice(equals + 1))
  if (name === undefined || value === undefined) return notEncoded
  const known = values.get(name)
  if (known === undefined) values.set(name, value === '' ? [] : [value])
  else if (!repeatable.has(name)) return refuse('invalid_request', 'A parameter is included more than once.')
  else if (value !== '') known.push(value)
  return undefined
}

const notEncoded = refuse('invalid_request', 'The body is not application/x-www-form-urlencoded.')

const none: readonly string[] = []

class DecodedForm implements Form {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  get(name: string): string | undefined {
    return this.#values.get(name)?.[0]
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? none
  }

  entries(): readonly (readonly [name: string, values: readonly string[]])[] {
    return [...this.#values]
  }
}

/** A form that was taken apart before. */
export function formOf(entries: ReturnType<Form['entries']>): Form {
  return new DecodedForm(new Map(entries))
}

// oxlint-disable-next-line no-control-regex -- the range is all of printable ASCII
const printable = /^[\x20-\x7e]*$/

/** Undoes form encoding: `+` is a space, escapes are UTF-8; `undefined` when the text is not so encoded. */
export function formDecode(encoded: string): string | undefined {
  return printable.test(encoded) ? decode(encoded) : undefined
}

function decode(encoded: string): string | undefined {
  if (!encoded.includes('%') && !encoded.includes('+')) return encoded
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
