import { ok, refuse } from '../core/index.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { parseJsonObject } from './json.ts'
import { isKid } from './key.ts'
import type { Awaitable, Result } from '../core/index.ts'
import type { JsonObject } from './json.ts'
import type { SigningKey, VerificationKey } from './key.ts'

/** The longest compact token that is read, in characters. ML-DSA-87 tokens have about 7,000. */
export const tokenMaxLength = 16_384

/**
 * A protected header that has passed the rules which need no key. `alg` is only a claim until a key takes it.
 */
export interface JwsHeader extends JsonObject {
  readonly alg: string
  readonly typ?: string
  readonly kid?: string
}

/** A compact JWS that has been read, not verified. */
export interface ParsedJws {
  readonly header: JwsHeader
  readonly payload: Buffer
  readonly signature: Buffer
  /** The bytes that are signed: the first two segments and the dot between them. */
  readonly signingInput: Buffer
}

/**
 * Reads a compact JWS (RFC 7515 §7.1) strictly. `malformed`: not three segments of canonical base64url;
 * `invalid`: a header that breaks a rule. Keys that the header brings or points to (jwk, jku, x5c, x5u) are
 * never used.
 */
export function parseJws(token: string): Result<ParsedJws> {
  if (token.length > tokenMaxLength)
    return refuse('malformed', `the token has more than ${tokenMaxLength} characters`)
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first < 0 || second < 0) return refuse('malformed', 'a compact JWS has three segments')
  const payload = decodeBase64url(token.slice(first + 1, second))
  const signature = decodeBase64url(token.slice(second + 1))
  if (payload === undefined || signature === undefined) return notBase64url
  const header = readHeader(token.slice(0, first))
  if (!header.ok) return header
  const signingInput = Buffer.from(token.slice(0, second), 'latin1')
  return ok({ header: header.value, payload, signature, signingInput })
}

const notBase64url = refuse('malformed', 'a segment of the JWS is not canonical base64url')

/**
 * An issuer's tokens have one header as long as its key lasts, so the last ones read are kept, by their exact
 * text.
 */
const headers = new Map<string, Result<JwsHeader>>()
const headersMax = 64
const headerKeptMaxLength = 256

function readHeader(segment: string): Result<JwsHeader> {
  const known = headers.get(segment)
  if (known !== undefined) return known
  const bytes = decodeBase64url(segment)
  if (bytes === undefined) return notBase64url
  const header = parseHeader(bytes)
  if (header.ok && segment.length <= headerKeptMaxLength) {
    if (headers.size === headersMax) headers.clear()
    // Encoded anew: a slice of the token would keep the whole token in memory.
    headers.set(encodeBase64url(bytes), header)
  }
  return header
}

function parseHeader(bytes: Buffer): Result<JwsHeader> {
  const parsed = parseJsonObject(bytes, 'the header')
  if (!parsed.ok) return parsed
  const { alg, kid, typ } = parsed.value
  if (typeof alg !== 'string') return refuse('invalid', 'the header has no alg')
  // RFC 7515 §4.1.11: an extension that is not understood must be refused, and none is understood here (RFC
  // 7797 b64 included).
  if ('crit' in parsed.value || 'b64' in parsed.value)
    return refuse('invalid', 'the header demands an extension')
  if (kid !== undefined && !isKid(kid)) {
    return refuse('invalid', 'the kid is not text of at most 256 bytes without control characters')
  }
  if (typ !== undefined && typeof typ !== 'string') return refuse('invalid', 'the typ is not text')
  return ok(parsed.value as JwsHeader)
}

/**
 * Verifies a signature with a key that takes the header's algorithm; any other algorithm, and any mismatch,
 * is `invalid`.
 */
export function verifyJws(jws: ParsedJws, key: VerificationKey): Result<ParsedJws> {
  const verify = key.verifiers.get(jws.header.alg)
  if (verify === undefined) return refuse('invalid', 'the key does not take the algorithm of the header')
  if (!verify(jws.signingInput, jws.signature)) return refuse('invalid', 'the signature does not match')
  return ok(jws)
}

/** Signs a payload; the header's `alg`, and `kid` where the key has one, are the key's. */
export function signJws(
  header: Readonly<Record<string, unknown>>,
  payload: string | Uint8Array,
  key: SigningKey,
): Awaitable<string> {
  const complete: Record<string, unknown> = {
    alg: '',
    ...header,
    ...(key.kid !== undefined && { kid: key.kid }),
  }
  complete['alg'] = key.algorithm
  const input = `${encodeBase64url(JSON.stringify(complete))}.${encodeBase64url(payload)}`
  return `${input}.${encodeBase64url(key.sign(Buffer.from(input, 'latin1')))}`
}
