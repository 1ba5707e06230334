import { jwsAlgorithmNames, jwsAlgorithms } from './jws-algorithms.ts'
import type { KeyObject } from 'node:crypto'
import type { Awaitable } from '../core/index.ts'
import type { JwsAlgorithm, Verify } from './jws-algorithms.ts'

/**
 * A key that verifies, bound to the algorithms it may be used with: a token's `alg` chooses among them and
 * adds none.
 */
export interface VerificationKey {
  readonly kid?: string
  readonly algorithms: readonly JwsAlgorithm[]
  /** The key itself; the shared secret for HS algorithms. */
  readonly keyObject: KeyObject
  /** Of the certificate that the key came from, in milliseconds since the epoch. */
  readonly validity?: { readonly fromMs: number; readonly toMs: number }
  /** One prepared check per algorithm of the key. */
  readonly verifiers: ReadonlyMap<string, Verify>
}

/** What signs, with its one algorithm: a key at hand, or one that lives elsewhere and answers later. */
export interface Signer {
  readonly kid?: string
  readonly algorithm: JwsAlgorithm
  /** What others verify with; absent for a shared secret. */
  readonly publicKey?: KeyObject
  /** Of ECDSA: r and s side by side (RFC 7518 §3.4), not DER. */
  sign(input: Buffer): Awaitable<Uint8Array>
}

export function isVerificationKey(value: unknown): value is VerificationKey {
  return typeof value === 'object' && value !== null && 'verifiers' in value && value.verifiers instanceof Map
}

export function isSigner(value: unknown): value is Signer {
  return typeof value === 'object' && value !== null && 'sign' in value && typeof value.sign === 'function'
}

/** A key at hand that signs. */
export interface SigningKey extends Signer {
  sign(input: Buffer): Buffer
}

/** The longest `kid`, in bytes. */
export const kidMaxBytes = 256

/**
 * A key id is an opaque name: short, and without the control characters that a log or a path could trip over.
 */
export function isKid(value: unknown): value is string {
  return typeof value === 'string' && !/\p{Cc}/u.test(value) && Buffer.byteLength(value) <= kidMaxBytes
}

/** The algorithms that a key's type, curve and parameters allow. */
export function algorithmsFor(key: KeyObject): readonly JwsAlgorithm[] {
  return jwsAlgorithmNames.filter((name) => jwsAlgorithms[name].fits(key))
}

/** Puts a checked key together with its algorithms. */
export function toVerificationKey(
  keyObject: KeyObject,
  algorithms: readonly JwsAlgorithm[],
  more: Pick<VerificationKey, 'kid' | 'validity'> = {},
): VerificationKey {
  const verifiers = new Map(algorithms.map((name) => [name, jwsAlgorithms[name].verifier(keyObject)]))
  return Object.freeze({ ...more, algorithms: Object.freeze([...algorithms]), keyObject, verifiers })
}
