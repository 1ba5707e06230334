import { createPrivateKey, createPublicKey, createSecretKey, sign, verify } from 'node:crypto'
import { ConfigError } from '../core/index.ts'
import { decodeBase64url } from './base64url.ts'
import { jwkToKeyObject } from './jwk.ts'
import type { KeyObject } from 'node:crypto'
import type { Jwk } from './jwk.ts'

/** The private members of each key type (RFC 7518 §6, RFC 8037 §2). */
const privateMembers: Readonly<Record<string, readonly string[]>> = {
  RSA: ['d', 'p', 'q', 'dp', 'dq', 'qi'],
  EC: ['d'],
  OKP: ['d'],
  AKP: ['priv'],
}

const notPublic: ReadonlySet<string> = new Set([...Object.values(privateMembers).flat(), 'oth', 'k'])

/** A JWK without what is private in it. */
export function withoutPrivate(jwk: Jwk): Jwk {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !notPublic.has(name))) as Jwk
}

/** The public half of a JWK of one's own. Throws a TypeError for a shared secret, which has none. */
export function toPublicJwk(jwk: Jwk): Jwk {
  if (jwk.kty === 'oct') throw new TypeError('a shared secret has no public half')
  return withoutPrivate(jwk)
}

/** The key of a JWK of one's own, whatever it is for. Throws ConfigError naming `path`. */
export function importJwk(jwk: Jwk, path: string): KeyObject {
  const key = jwk.kty === 'oct' ? jwkToSecretKey(jwk) : toAsymmetricKey(jwk)
  if (typeof key === 'string') throw new ConfigError(path, key)
  return key
}

function toAsymmetricKey(jwk: Jwk): KeyObject | string {
  const isPrivate = ['d', 'priv'].some((name) => name in jwk)
  return isPrivate ? jwkToPrivateKey(jwk) : jwkToKeyObject(jwk)
}

/** The private key of an asymmetric JWK, or what is wrong with it. */
export function jwkToPrivateKey(jwk: Jwk): KeyObject | string {
  const publicKey = jwkToKeyObject(withoutPrivate(jwk))
  if (typeof publicKey === 'string') return publicKey
  if ('oth' in jwk) return 'RSA keys of more than two primes are not read'
  const members: Record<string, unknown> = { ...publicKey.export({ format: 'jwk' }) }
  for (const name of privateMembers[jwk.kty] ?? []) {
    const value = jwk[name]
    if (typeof value !== 'string' || !decodeBase64url(value)?.length) {
      return `member ${name} of a private key is missing or not base64url`
    }
    members[name] = value
  }
  try {
    const privateKey = createPrivateKey({ key: members, format: 'jwk' })
    return isPair(privateKey, publicKey) ? privateKey : 'its private part is not that of its public part'
  } catch {
    return `not a usable ${jwk.kty} private key`
  }
}

const probe = Buffer.from('a pair of keys')

/** OpenSSL takes both halves as they are given: that they belong together shows when they are used. */
function isPair(privateKey: KeyObject, publicKey: KeyObject): boolean {
  const type = privateKey.asymmetricKeyType ?? ''
  if (type.startsWith('x')) return createPublicKey(privateKey).equals(publicKey)
  const hash = ['rsa', 'ec'].includes(type) ? 'sha256' : null
  return verify(hash, probe, publicKey, sign(hash, probe, privateKey))
}

/** The key of a JWK of type `oct`, or what is wrong with it. */
export function jwkToSecretKey(jwk: Jwk): KeyObject | string {
  const { k } = jwk
  const bytes = typeof k === 'string' ? decodeBase64url(k) : undefined
  if (jwk.kty !== 'oct' || !bytes?.length) return 'expected a JWK of type oct with k in base64url'
  return createSecretKey(bytes)
}
