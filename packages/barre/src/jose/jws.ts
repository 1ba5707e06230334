import { chain, ok, refuse } from '../core/index.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { checkHeader } from './header.ts'
import { parseJsonObject } from './json.ts'
import type { Awaitable, Result } from '../core/index.ts'
import type { JoseHeader } from './header.ts'
import type { Signer, VerificationKey } from './key.ts'

/** The longest compact token that is read, in characters. ML-DSA-87 tokens have about 7,000. */
export const tokenMaxLength = 16_384

/** The header of a JWS. */
export type JwsHeader = JoseHeader

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
  // RFC 7515 §4.1.11: an extension that is not understood must be refused, and a token may use none (RFC 7797 §7
  // keeps b64 out of them).
  if ('crit' in parsed.value || 'b64' in parsed.value)
    return refuse('invalid', 'the header demands an extension')
  return checkHeader(parsed.value)
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
  key: Signer,
): Awaitable<string> {
  return signUnder(headerSegment(header, key), payload, key)
}

/**
 * Signs many payloads under one header, which must not change: it is encoded once per key. `currentKey` is asked for
 * each payload.
 */
export function jwsSigner(
  header: Readonly<Record<string, unknown>>,
  currentKey: () => Signer,
): (payload: string | Uint8Array) => Awaitable<string> {
  let known: { readonly key: Signer; readonly segment: string } | undefined
  return (payload) => {
    const key = currentKey()
    if (known?.key !== key) known = { key, segment: headerSegment(header, key) }
    return signUnder(known.segment, payload, key)
  }
}

function headerSegment(header: Readonly<Record<string, unknown>>, key: Signer): string {
  return encodeBase64url(JSON.stringify(headerFor(key, header)))
}

function signUnder(segment: string, payload: string | Uint8Array, key: Signer): Awaitable<string> {
  const input = `${segment}.${encodeBase64url(payload)}`
  return chain(
    key.sign(Buffer.from(input, 'latin1')),
    (signature) => `${input}.${encodeBase64url(signature)}`,
  )
}

/** A protected header with the key's own members: `alg` first, whatever the header says of it. */
export function headerFor(
  key: Signer,
  header: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const complete: Record<string, unknown> = {
    alg: '',
    ...header,
    ...(key.kid !== undefined && { kid: key.kid }),
  }
  complete['alg'] = key.algorithm
  return complete
}
