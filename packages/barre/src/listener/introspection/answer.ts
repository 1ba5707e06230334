import { isRecord, ok, refuse } from '../../core/index.ts'
import type { Result } from '../../core/index.ts'
import { parseJsonObject } from '../../jose/index.ts'
import type { JsonObject } from '../../jose/index.ts'

/** What the authorization server says about a token (RFC 7662 §2.2). */
export type Answer =
  | { readonly active: false }
  | {
      readonly active: true
      readonly claims: JsonObject
      /** Milliseconds since the epoch. */
      readonly notBeforeMs?: number
      readonly expiresAtMs?: number
    }

/** The largest answer that is read, in bytes. */
export const answerMaxBytes = 65_536

/** Reads an answer's text; one that cannot be understood is the endpoint's failure, so `unavailable`. */
export function readAnswer(bytes: Buffer): Result<Answer> {
  const parsed = parseJsonObject(bytes, 'the introspection answer', answerMaxBytes)
  return parsed.ok ? judgeForm(parsed.value) : refuse('unavailable', parsed.denial.detail)
}

/** Reads the claims of a signed answer (RFC 9701 §5). */
export function readSignedAnswer(claims: JsonObject): Result<Answer> {
  const { token_introspection: answer } = claims
  if (!isRecord(answer)) return refuse('unavailable', 'the signed answer has no token_introspection')
  return judgeForm(answer)
}

function judgeForm(claims: JsonObject): Result<Answer> {
  if (typeof claims['active'] !== 'boolean') return refuse('unavailable', 'the answer has no active member')
  if (!claims['active']) return ok({ active: false })
  const [expiresAtMs, notBeforeMs] = [toMs(claims['exp']), toMs(claims['nbf'])]
  if (Number.isNaN(expiresAtMs) || Number.isNaN(notBeforeMs)) {
    return refuse('unavailable', 'the exp or nbf of the answer is not a number of seconds')
  }
  if (!isAudience(claims['aud'])) return refuse('unavailable', 'the aud of the answer is not text or texts')
  return ok({
    active: true,
    claims,
    ...(expiresAtMs !== undefined && { expiresAtMs }),
    ...(notBeforeMs !== undefined && { notBeforeMs }),
  })
}

/** Seconds as a number or, as some servers send them, as text; NaN when it is neither. */
function toMs(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof seconds === 'number' && seconds >= 0 && seconds <= Number.MAX_SAFE_INTEGER / 1000
    ? seconds * 1000
    : Number.NaN
}

function isAudience(value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'string') return true
  return Array.isArray(value) && value.every((member) => typeof member === 'string')
}
