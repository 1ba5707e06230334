import { createHash } from 'node:crypto'
import { isRecord, ok, refuse } from '../../core/index.ts'
import type { Result } from '../../core/index.ts'
import { parseJsonObject, parseJws, thumbprint } from '../../jose/index.ts'
import type { JsonObject, Jwk, ParsedJws } from '../../jose/index.ts'
import { isSameUri } from './uri.ts'

/** The longest proof that is read, in characters. */
export const proofMaxLength = 8192
/** The longest `jti`, in characters. */
export const jtiMaxLength = 256
/** How far ahead of ours a caller's clock may be, in milliseconds. */
export const clockSkewMs = 10_000

/** A proof that has been read, not verified. */
export interface Proof {
  readonly jws: ParsedJws
  readonly jwk: Jwk
  /** The thumbprint of `jwk` (RFC 7638). */
  readonly jkt: string
  readonly claims: ProofClaims
}

interface ProofClaims extends JsonObject {
  readonly jti: string
  readonly htm: string
  readonly htu: string
  /** Seconds since the epoch. */
  readonly iat: number
  readonly ath?: string
  readonly nonce?: string
}

/** What a proof must say to belong to a call. */
export interface Expected {
  /** The token that comes with it, and the key that the token is bound to. Absent: the call asks for a token. */
  readonly bound?: { readonly token: string; readonly jkt: string }
  readonly method: string
  readonly target: string
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** Reads a proof (RFC 9449 §4.3, 2 to 5 and 7). */
export function readProof(text: string, algorithms: ReadonlySet<string>): Result<Proof> {
  if (text.length > proofMaxLength)
    return refuse('invalid', `the proof has more than ${proofMaxLength} characters`)
  const jws = parseJws(text)
  if (!jws.ok) return jws
  const { header, payload } = jws.value
  if (header.typ !== 'dpop+jwt') return refuse('invalid', 'the typ of the proof is not dpop+jwt')
  if (!algorithms.has(header.alg)) return refuse('invalid', 'the alg of the proof is not accepted')
  const { jwk } = header
  if (!isJwk(jwk)) return refuse('invalid', 'the proof has no jwk')
  if (privateMembers.some((name) => name in jwk))
    return refuse('invalid', 'the jwk of the proof is not public')
  const jkt = toThumbprint(jwk)
  if (jkt === undefined) return refuse('invalid', 'the jwk of the proof is not an asymmetric key')
  const claims = parseJsonObject(payload, 'the payload of the proof')
  if (!claims.ok) return claims
  const problem = formProblem(claims.value)
  if (problem !== undefined) return refuse('invalid', problem)
  return ok({ jws: jws.value, jwk, jkt, claims: claims.value as ProofClaims })
}

function isJwk(value: unknown): value is Jwk {
  // Parsed JSON has no prototype, which isRecord takes for a record too.
  return isRecord(value) && typeof value['kty'] === 'string'
}

function toThumbprint(jwk: Jwk): string | undefined {
  try {
    return thumbprint(jwk)
  } catch {
    return undefined
  }
}

function formProblem({ jti, htm, htu, iat, ath, nonce }: JsonObject): string | undefined {
  if (typeof jti !== 'string' || jti === '' || jti.length > jtiMaxLength) {
    return `the jti of the proof is not text of 1 to ${jtiMaxLength} characters`
  }
  if (typeof htm !== 'string' || typeof htu !== 'string') return 'the proof has no htm or htu'
  if (!Number.isSafeInteger(iat) || (iat as number) < 0) return 'the iat of the proof is not whole seconds'
  const texts = [ath, nonce].every((value) => value === undefined || typeof value === 'string')
  return texts ? undefined : 'the ath or nonce of the proof is not text'
}

/** Why a proof does not belong to a call (RFC 9449 §4.3, 8, 9 and 12). */
export function callProblem({ jkt, claims }: Proof, expected: Expected): string | undefined {
  const { bound } = expected
  if (bound !== undefined && jkt !== bound.jkt)
    return 'the proof is by another key than the token is bound to'
  if (claims.htm !== expected.method) return 'the htm of the proof is another method'
  if (!isSameUri(claims.htu, expected.target)) return 'the htu of the proof is another URL'
  if (bound === undefined) return undefined
  const ath = createHash('sha256').update(bound.token).digest('base64url')
  return claims.ath === ath ? undefined : 'the ath of the proof is of another token'
}

/** Why a proof is not of now (RFC 9449 §4.3, 11). */
export function timeProblem({ claims }: Proof, nowMs: number, maxAgeMs: number): string | undefined {
  if (claims.iat * 1000 > nowMs + clockSkewMs) return 'the iat of the proof is in the future'
  return claims.iat * 1000 < nowMs - maxAgeMs - clockSkewMs ? 'the proof is too old' : undefined
}
