import { ok, refuse } from '../core/index.ts'
import { decodeBase64url } from './base64url.ts'
import { parseJsonObject } from './json.ts'
import { isKid, kidMaxBytes } from './key.ts'
import type { Result } from '../core/index.ts'
import type { JsonObject } from './json.ts'

/** What the header of a JWS or a JWE says. `alg` is only a claim until a key takes it. */
export interface JoseHeader extends JsonObject {
  readonly alg: string
  readonly typ?: string
  readonly cty?: string
  readonly kid?: string
}

/** Reads a protected header: canonical base64url (else `malformed`) of strict JSON (else `invalid`). */
export function readProtectedHeader(segment: string): Result<JsonObject> {
  const bytes = decodeBase64url(segment)
  if (bytes === undefined) return refuse('malformed', 'the header is not canonical base64url')
  return parseJsonObject(bytes, 'the header')
}

/** The rules that every header must keep, wherever its members came from. */
export function checkHeader<H extends JoseHeader>(header: JsonObject): Result<H> {
  const { alg, kid } = header
  if (typeof alg !== 'string') return refuse('invalid', 'the header has no alg')
  if (kid !== undefined && !isKid(kid)) {
    return refuse('invalid', `the kid is not text of at most ${kidMaxBytes} bytes without control characters`)
  }
  for (const name of ['typ', 'cty']) {
    const value = header[name]
    if (value !== undefined && typeof value !== 'string') return refuse('invalid', `the ${name} is not text`)
  }
  return ok(header as H)
}

/**
 * One header of its protected and unprotected parts (RFC 7515 §7.2.1, RFC 7516 §7.2.1): a name in two of them is
 * `invalid`.
 */
export function joinHeaders(parts: readonly JsonObject[]): Result<JsonObject> {
  const joined = Object.create(null) as Record<string, unknown>
  for (const part of parts) {
    for (const name of Object.keys(part)) {
      if (Object.hasOwn(joined, name)) return refuse('invalid', 'a header parameter is there twice')
      joined[name] = part[name]
    }
  }
  return ok(Object.freeze(joined))
}

/** A text member of a JSON serialization as bytes; `absent` where it is not there. */
export function readBytes(value: unknown, absent: Buffer | undefined): Buffer | undefined {
  if (value === undefined) return absent
  return typeof value === 'string' ? decodeBase64url(value) : undefined
}
