import { isRecord, ok, refuse } from '../core/index.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { checkHeader, joinHeaders, readBytes, readProtectedHeader } from './header.ts'
import { verifyJws } from './jws.ts'
import { selectOwnKey } from './key-set.ts'
import type { Result } from '../core/index.ts'
import type { JsonObject } from './json.ts'
import type { ParsedJws } from './jws.ts'
import type { VerificationKey } from './key.ts'

/** The longest compact JWS that is read here, in characters; of a JSON serialization, its longest member. */
export const jwsMaxLength = 1_048_576
/** The most signatures that a JWS may have. */
export const signaturesMax = 16

export interface ReadOptions {
  /** The payload, where it travelled apart from its signature. */
  readonly detachedPayload?: Uint8Array
}

/** A JWS that has been read, not verified: one payload, and all signatures over it. */
export interface ReadJws {
  readonly payload: Buffer
  readonly signatures: readonly ParsedJws[]
}

/**
 * Reads any JWS that is not a token: text is the compact serialization, a record one of the JSON serializations
 * (RFC 7515 §7), each also with a detached payload (appendix F) and with `b64: false` (RFC 7797).
 * `malformed`: not of that form; `invalid`: a header that breaks a rule. Read the record with `parseJsonObject`:
 * `JSON.parse` hides members that are there twice.
 */
export function readJws(jws: string | JsonObject, options: ReadOptions = {}): Result<ReadJws> {
  const members = typeof jws === 'string' ? splitCompact(jws) : toMembers(jws)
  if (!members.ok) return members
  const { payload, compact, signatures } = members.value
  if (signatures.length === 0 || signatures.length > signaturesMax) {
    return refuse('malformed', `a JWS has from 1 to ${signaturesMax} signatures`)
  }
  const read: ReadSignature[] = []
  for (const member of signatures) {
    const signature = readSignature(member)
    if (!signature.ok) return signature
    read.push(signature.value)
  }
  const [first] = read
  const encoded = first?.encoded ?? true
  // RFC 7797 §3: one payload is not two different byte strings.
  if (read.some((signature) => signature.encoded !== encoded)) {
    return refuse('invalid', 'the signatures differ in b64')
  }
  const bytes = readPayload(payload, { encoded, compact }, options.detachedPayload)
  return bytes.ok ? ok(join(bytes.value, read, encoded)) : bytes
}

interface Members {
  readonly payload: unknown
  readonly compact: boolean
  readonly signatures: readonly unknown[]
}

function splitCompact(jws: string): Result<Members> {
  if (jws.length > jwsMaxLength) return tooLong
  const [segment, payload, signature, ...others] = jws.split('.', 4)
  if (signature === undefined || others.length > 0)
    return refuse('malformed', 'a compact JWS has three segments')
  const signatures = [{ protected: segment, signature }]
  return ok({ compact: true, payload: payload === '' ? undefined : payload, signatures })
}

const tooLong = refuse('malformed', `a part of the JWS has more than ${jwsMaxLength} characters`)

function toMembers(jws: JsonObject): Result<Members> {
  const { payload, signatures } = jws
  if (typeof payload === 'string' && payload.length > jwsMaxLength) return tooLong
  if (signatures === undefined) return ok({ compact: false, payload, signatures: [jws] })
  if (['signature', 'protected', 'header'].some((name) => name in jws) || !Array.isArray(signatures)) {
    return refuse('malformed', 'a JWS is either flattened or has a list of signatures')
  }
  return ok({ compact: false, payload, signatures })
}

interface ReadSignature {
  readonly header: ParsedJws['header']
  readonly protectedSegment: string
  readonly signature: Buffer
  /** Whether what is signed is the payload in base64url. */
  readonly encoded: boolean
}

function readSignature(member: unknown): Result<ReadSignature> {
  if (!isRecord(member)) return refuse('malformed', 'a signature is not an object')
  const { protected: protectedSegment = '', header: unprotected = {} } = member
  const signature = readBytes(member['signature'], undefined)
  if (signature === undefined || typeof protectedSegment !== 'string') {
    return refuse('malformed', 'a signature or protected header is not canonical base64url')
  }
  if (!isRecord(unprotected)) return refuse('malformed', 'an unprotected header is not an object')
  const protectedHeader = protectedSegment === '' ? ok<JsonObject>({}) : readProtectedHeader(protectedSegment)
  if (!protectedHeader.ok) return protectedHeader
  const joined = joinHeaders([protectedHeader.value, unprotected])
  if (!joined.ok) return joined
  const problem = extensionProblem(protectedHeader.value, unprotected)
  if (problem !== undefined) return refuse('invalid', problem)
  const header = checkHeader(joined.value)
  if (!header.ok) return header
  const encoded = protectedHeader.value['b64'] !== false
  return ok({ header: header.value, protectedSegment, signature, encoded })
}

/** RFC 7515 §4.1.11: an extension that is not understood must be refused; `b64` is the one that is understood. */
function extensionProblem(protectedHeader: JsonObject, unprotected: JsonObject): string | undefined {
  if ('crit' in unprotected || 'b64' in unprotected) return 'crit and b64 must be protected'
  const { crit, b64 } = protectedHeader
  if (crit === undefined) return b64 === undefined ? undefined : 'b64 is not in crit'
  if (!Array.isArray(crit) || crit.length !== 1 || crit[0] !== 'b64') return 'the header demands an extension'
  return typeof b64 === 'boolean' ? undefined : 'b64 is not true or false'
}

interface Form {
  readonly encoded: boolean
  readonly compact: boolean
}

function readPayload(payload: unknown, form: Form, detached: Uint8Array | undefined): Result<Buffer> {
  if (detached !== undefined) {
    if (payload !== undefined) return refuse('malformed', 'the payload is detached, and there is another')
    return ok(Buffer.from(detached))
  }
  // In the compact serialization, an empty payload and an absent one look alike.
  const text = payload ?? (form.compact ? '' : undefined)
  if (typeof text !== 'string') return refuse('malformed', 'the JWS has no payload')
  if (form.encoded) {
    const bytes = decodeBase64url(text)
    return bytes === undefined ? refuse('malformed', 'the payload is not canonical base64url') : ok(bytes)
  }
  // RFC 7797 §5.2; the full stop is what the segments are split at.
  if (form.compact ? !/^[ -~]*$/.test(text) : !text.isWellFormed()) {
    return refuse('malformed', 'the payload has characters that an unencoded payload cannot have')
  }
  return ok(Buffer.from(text))
}

function join(payload: Buffer, signatures: readonly ReadSignature[], encoded: boolean): ReadJws {
  const signed = encoded ? Buffer.from(encodeBase64url(payload)) : payload
  const parsed = signatures.map(({ header, protectedSegment, signature }) => {
    const signingInput = Buffer.concat([Buffer.from(`${protectedSegment}.`, 'latin1'), signed])
    return { header, payload, signature, signingInput }
  })
  return { payload, signatures: parsed }
}

/**
 * Verifies the signatures of a JWS and answers with those that hold. `any`: one is enough; `all`: each must be of one
 * of the keys, else `invalid`.
 */
export function verifySignatures(
  jws: ReadJws,
  keys: readonly VerificationKey[],
  need: 'any' | 'all',
): Result<readonly ParsedJws[]> {
  const results = jws.signatures.map((signature) => {
    const key = selectOwnKey(keys, signature.header)
    return key.ok ? verifyJws(signature, key.value) : key
  })
  const holding = results.flatMap((result) => (result.ok ? [result.value] : []))
  const missing = results.find((result) => !result.ok)
  if (missing === undefined || (need === 'any' && holding.length > 0)) return ok(holding)
  return missing
}
