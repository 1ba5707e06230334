import { isUtf8 } from 'node:buffer'
import { chain } from '../core/index.ts'
import { encodeBase64url } from './base64url.ts'
import { collect } from './collect.ts'
import { headerFor } from './jws.ts'
import { signaturesMax } from './jws-json.ts'
import type { Awaitable } from '../core/index.ts'
import type { JsonObject } from './json.ts'
import type { Signer } from './key.ts'

export interface SignOptions {
  /** Leave the payload out: it travels apart. */
  readonly detached?: boolean
  /** Sign the payload's own bytes, not their base64url (RFC 7797). */
  readonly unencoded?: boolean
}

/** One signature to make. */
export interface SignatureRequest {
  readonly key: Signer
  /** The protected header besides `alg` and `kid`, which are the key's. */
  readonly header?: JsonObject
  readonly unprotected?: JsonObject
}

/** One signature of a JSON serialization. */
export interface JwsSignature extends JsonObject {
  readonly protected: string
  readonly header?: JsonObject
  readonly signature: string
}

/** The JSON serializations (RFC 7515 §7.2): flattened for one signature, general for more. */
export interface JwsJson extends JsonObject {
  readonly payload?: string
  readonly protected?: string
  readonly header?: JsonObject
  readonly signature?: string
  readonly signatures?: readonly JwsSignature[]
}

/** A JWS in a JSON serialization, of up to 16 signatures. Throws a TypeError for headers that contradict each other. */
export function signJwsJson(
  payload: string | Uint8Array,
  requests: readonly SignatureRequest[],
  options: SignOptions = {},
): Awaitable<JwsJson> {
  if (requests.length === 0 || requests.length > signaturesMax) {
    throw new TypeError(`a JWS has from 1 to ${signaturesMax} signatures`)
  }
  const bytes = Buffer.from(payload as Uint8Array)
  const shown = options.unencoded ? toText(bytes, options) : encodeBase64url(bytes)
  const member = options.detached ? {} : { payload: shown }
  return chain(collect(requests.map((request) => signOne(bytes, request, options))), (signatures) => ({
    ...member,
    ...(signatures.length === 1 ? signatures[0] : { signatures }),
  }))
}

/** A compact JWS without its payload (RFC 7515 appendix F): `header..signature`. */
export function signDetachedJws(
  payload: string | Uint8Array,
  request: Omit<SignatureRequest, 'unprotected'>,
  options: Omit<SignOptions, 'detached'> = {},
): Awaitable<string> {
  return chain(
    signOne(Buffer.from(payload as Uint8Array), request, options),
    (signature) => `${signature.protected}..${signature.signature}`,
  )
}

function toText(payload: Buffer, { detached = false }: SignOptions): string {
  if (detached || isUtf8(payload)) return payload.toString('utf8')
  throw new TypeError('an unencoded payload that is not UTF-8 must be detached')
}

function signOne(
  payload: Buffer,
  { key, header = {}, unprotected }: SignatureRequest,
  { unencoded = false }: SignOptions,
): Awaitable<JwsSignature> {
  checkHeaders(header, unprotected ?? {})
  const extension = unencoded ? { b64: false, crit: ['b64'] } : {}
  const segment = encodeBase64url(JSON.stringify(headerFor(key, { ...header, ...extension })))
  const signed = unencoded ? payload : Buffer.from(encodeBase64url(payload))
  const input = Buffer.concat([Buffer.from(`${segment}.`, 'latin1'), signed])
  return chain(key.sign(input), (signature) => ({
    protected: segment,
    ...(unprotected && { header: unprotected }),
    signature: encodeBase64url(signature),
  }))
}

const reserved = ['alg', 'kid', 'crit', 'b64']

function checkHeaders(header: JsonObject, unprotected: JsonObject): void {
  const taken = reserved.find((name) => name in header || name in unprotected)
  if (taken !== undefined) throw new TypeError(`the header's ${taken} comes from the key and the options`)
  const twice = Object.keys(unprotected).find((name) => name in header)
  if (twice !== undefined) throw new TypeError(`the headers both hold ${twice}`)
}
