import { ok, refuse } from '../core/index.ts'
import { parseJsonObject } from './json.ts'
import { parseJws } from './jws.ts'
import type { Result } from '../core/index.ts'
import type { JsonObject } from './json.ts'
import type { JwsHeader, ParsedJws } from './jws.ts'

/**
 * The claims of a token (RFC 7519 §4.1) whose registered members have their registered types. Frozen, without
 * a prototype.
 */
export interface Payload extends JsonObject {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  /** Seconds since the epoch, as are `nbf` and `iat`. */
  readonly exp?: number
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
}

/** What a token says, proven by nothing. */
export interface Decoded {
  readonly header: JwsHeader
  readonly payload: Payload
}

/** A token that has been read, not verified. */
export interface ParsedJwt extends Decoded {
  readonly jws: ParsedJws
}

/** Reads a token without verifying anything: for looking at it, never for trusting it. */
export function decodeJwt(token: string): Result<Decoded> {
  const parsed = parseJwt(token)
  return parsed.ok ? ok({ header: parsed.value.header, payload: parsed.value.payload }) : parsed
}

export function parseJwt(token: string): Result<ParsedJwt> {
  const jws = parseJws(token)
  if (!jws.ok) return jws
  const payload = parseJsonObject(jws.value.payload, 'the payload')
  if (!payload.ok) return payload
  const problem = claimTypeProblem(payload.value)
  if (problem !== undefined) return refuse('invalid', problem)
  return ok({ header: jws.value.header, payload: payload.value, jws: jws.value })
}

/** Which registered claim is not of its type, or `undefined`. Times are whole seconds, from 0 on. */
export function claimTypeProblem(claims: JsonObject): string | undefined {
  // Each claim by its own name: reading by a variable one takes several times as long.
  const { iss, sub, jti, exp, nbf, iat, aud } = claims
  if (!isText(iss)) return notText('iss')
  if (!isText(sub)) return notText('sub')
  if (!isText(jti)) return notText('jti')
  if (!isSeconds(exp)) return notSeconds('exp')
  if (!isSeconds(nbf)) return notSeconds('nbf')
  if (!isSeconds(iat)) return notSeconds('iat')
  return isAudience(aud) ? undefined : 'claim aud is not text or a list of texts'
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function isSeconds(value: unknown): boolean {
  return value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)
}

function notText(name: string): string {
  return `claim ${name} is not text`
}

function notSeconds(name: string): string {
  return `claim ${name} is not a whole number of seconds`
}

function isAudience(value: unknown): boolean {
  return isText(value) || (Array.isArray(value) && value.every((member) => typeof member === 'string'))
}
