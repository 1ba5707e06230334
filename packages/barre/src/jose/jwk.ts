import { createHash, createPublicKey } from 'node:crypto'
import { decodeBase64url } from './base64url.ts'
import { isKid } from './key.ts'
import type { KeyObject } from 'node:crypto'
import type { Signer, VerificationKey } from './key.ts'

/** A JSON Web Key (RFC 7517), as published. */
export interface Jwk {
  readonly kty: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
  readonly [name: string]: unknown
}

/** A JSON Web Key Set (RFC 7517 §5). */
export interface Jwks {
  readonly keys: readonly Jwk[]
}

interface KeyTypeRow {
  /**
   * The members that make the public key, in the order of RFC 7638 §3.2 (lexicographic, `kty` among them).
   */
  readonly members: readonly string[]
  /**
   * The members that are big integers: published sets pad them in ways that other members may not be padded.
   */
  readonly integers: readonly string[]
}

/** The public members of each asymmetric key type; all others, private ones included, are never read. */
const keyTypes: Readonly<Record<string, KeyTypeRow>> = {
  RSA: { members: ['e', 'kty', 'n'], integers: ['e', 'n'] },
  EC: { members: ['crv', 'kty', 'x', 'y'], integers: [] },
  OKP: { members: ['crv', 'kty', 'x'], integers: [] },
  AKP: { members: ['alg', 'kty', 'pub'], integers: [] },
}

/** The members with key bytes; the rest of `members` are names. */
const names = new Set(['kty', 'crv', 'alg'])

/** The public key of an asymmetric JWK, or what is wrong with it. */
export function jwkToKeyObject(jwk: Jwk): KeyObject | string {
  const row = rowOf(jwk)
  if (row === undefined) return 'not an asymmetric key type that is known (RSA, EC, OKP, AKP)'
  if (['d', 'priv', 'k'].some((name) => name in jwk)) return 'it holds a private key'
  const members: Record<string, string> = {}
  for (const name of row.members) {
    const value = jwk[name]
    if (typeof value !== 'string') return `member ${name} is missing or not text`
    const normal = names.has(name) ? value : normalise(value, row.integers.includes(name))
    if (normal === undefined) return `member ${name} is not base64url`
    members[name] = normal
  }
  try {
    return createPublicKey({ key: members, format: 'jwk' })
  } catch {
    return `not a usable ${jwk.kty} public key`
  }
}

/**
 * Published sets carry `=` padding and a sign byte before integers (Ballerina's STS does); the value is the
 * same.
 */
function normalise(text: string, integer: boolean): string | undefined {
  const bytes = decodeBase64url(text.replace(/={1,2}$/, ''))
  if (bytes === undefined || bytes.length === 0) return undefined
  return (integer && bytes[0] === 0 ? bytes.subarray(1) : bytes).toString('base64url')
}

/**
 * The public half of a key, as published in a set. Throws a TypeError for a shared secret, which has none.
 */
export function publicJwk(key: Signer | VerificationKey): Jwk {
  const [keyObject, algorithms] =
    'algorithm' in key ? [key.publicKey, [key.algorithm]] : [key.keyObject, key.algorithms]
  if (keyObject?.type !== 'public') throw new TypeError('a shared secret has no public key')
  const { kty = '', ...members } = keyObject.export({ format: 'jwk' })
  return Object.freeze({
    kty,
    use: 'sig',
    ...(algorithms.length === 1 && { alg: algorithms[0]! }),
    ...(key.kid !== undefined && { kid: key.kid }),
    ...members,
  })
}

/** RFC 7517 §4.2, §4.3: a key published for another use is never used for this one. */
export function purposeProblem(jwk: Jwk, operation: 'sign' | 'verify'): string | undefined {
  const operations: unknown = jwk.key_ops
  if (jwk.use !== undefined && jwk.use !== 'sig') return 'its use is not sig'
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes(operation))) {
    return `its key_ops do not include ${operation}`
  }
  if (jwk.kid === undefined || isKid(jwk.kid)) return undefined
  return 'its kid is not short text without control characters'
}

/** The hashes of a thumbprint, by the names that a thumbprint URI uses for them. */
const thumbprintHashes = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' } as const

export type ThumbprintHash = keyof typeof thumbprintHashes

/**
 * The thumbprint of a JWK (RFC 7638), in base64url: the same for a private key and its public half. That of a shared
 * secret (`oct`) is as good as the secret where that can be guessed. Throws a TypeError for an unknown type of key or a
 * missing member.
 */
export function thumbprint(jwk: Jwk, hash: ThumbprintHash = 'sha-256'): string {
  const members = jwk.kty === 'oct' ? ['k', 'kty'] : (rowOf(jwk)?.members ?? [])
  if (members.length === 0) throw new TypeError('expected a JWK of type RSA, EC, OKP, AKP or oct')
  const missing = members.find((name) => typeof jwk[name] !== 'string')
  if (missing !== undefined) throw new TypeError(`member ${missing} of the JWK is missing or not text`)
  const required = Object.fromEntries(members.map((name) => [name, jwk[name]]))
  return createHash(thumbprintHashes[hash]).update(JSON.stringify(required)).digest('base64url')
}

/** The thumbprint as a URI (RFC 9278). */
export function thumbprintUri(jwk: Jwk, hash: ThumbprintHash = 'sha-256'): string {
  return `urn:ietf:params:oauth:jwk-thumbprint:${hash}:${thumbprint(jwk, hash)}`
}

function rowOf({ kty }: Jwk): KeyTypeRow | undefined {
  // Read from a file, it may be anything, also what cannot be made text.
  return typeof kty === 'string' && Object.hasOwn(keyTypes, kty) ? keyTypes[kty] : undefined
}
