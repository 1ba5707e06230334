import type { Result } from './result.ts'

/**
 * Why a call was refused. A closed set: every wire phrases each of these (docs/errors.md has the table).
 * Ordered from the verdict that hides all others to the one that says least: a list of entries reports its
 * worst.
 */
export const denialCodes = [
  'unavailable',
  'throttled',
  'insufficient_scope',
  'insufficient_authentication',
  'malformed',
  'expired',
  'invalid',
  'missing',
] as const

export type DenialCode = (typeof denialCodes)[number]

/** Metadata for the answer, of a refusal or of a success (DPoP-Nonce, for example). */
export type Reply = readonly (readonly [name: string, value: string])[]

/** An expected refusal. `detail` is for our log and never travels to the caller. */
export interface Denial {
  readonly code: DenialCode
  /** For the log: what was expected and found. Never holds a token, password or key. */
  readonly detail: string
  /** The scopes that would have been enough. */
  readonly scopes?: readonly string[]
  readonly retryAfterSeconds?: number
  /** Challenge parameters of a provider's own (RFC 9470 `acr_values`, for example). */
  readonly parameters?: Readonly<Record<string, string>>
  readonly reply?: Reply
  /** The scheme of the refused credential, for providers that take several (`Bearer`, `DPoP`). */
  readonly scheme?: string
}

/** A refusal as a result. */
export function refuse(
  code: DenialCode,
  detail: string,
  more?: Omit<Denial, 'code' | 'detail'>,
): { readonly ok: false; readonly denial: Denial } {
  return { ok: false, denial: { code, detail, ...more } }
}

const severity: Readonly<Record<DenialCode, number>> = Object.fromEntries(
  denialCodes.map((code, index) => [code, denialCodes.length - index]),
) as Record<DenialCode, number>

/** Whether `a` hides `b` when a list of entries must report one verdict. */
export function outranks(a: DenialCode, b: DenialCode): boolean {
  return severity[a] > severity[b]
}

/** Narrows a result to its refusal. */
export function isRefusal<T>(result: Result<T>): result is { ok: false; denial: Denial } {
  return !result.ok
}
