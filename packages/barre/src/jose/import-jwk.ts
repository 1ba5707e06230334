import { ConfigError, isRecord } from '../core/index.ts'
import { importSecret, importSigningKey, readVerificationJwk } from './import-key.ts'
import { isJwsAlgorithm } from './jws-algorithms.ts'
import { purposeProblem } from './jwk.ts'
import { keySetMaxKeys } from './key-set.ts'
import { jwkToPrivateKey, jwkToSecretKey, withoutPrivate } from './private-jwk.ts'
import type { Jwk } from './jwk.ts'
import type { SigningKey, VerificationKey } from './key.ts'
import type { JwsAlgorithm } from './jws-algorithms.ts'

export interface JwkOptions {
  /** Where the JWK stands in the configuration, for errors. */
  readonly path: string
  /** The only algorithm that the key may be used with; the JWK's own `alg` must agree. */
  readonly algorithm?: JwsAlgorithm
  /** Accept a shared secret that is short or publicly known. */
  readonly allowWeak?: boolean
}

/**
 * Makes a signing key of a private JWK, or of one of type `oct`. `algorithm` is required unless the JWK says it. Throws
 * ConfigError naming `options.path`.
 */
export function importSigningJwk(jwk: Jwk, options: JwkOptions): SigningKey {
  const { path, allowWeak = false } = options
  const algorithm = agreedAlgorithm(jwk, options)
  if (algorithm === undefined)
    throw new ConfigError(path, 'the JWK has no alg: name the algorithm to sign with')
  const key = jwk.kty === 'oct' ? jwkToSecretKey(jwk) : jwkToPrivateKey(jwk)
  const problem = typeof key === 'string' ? key : purposeProblem(jwk, 'sign')
  if (typeof key === 'string' || problem !== undefined) throw new ConfigError(path, problem ?? '')
  return importSigningKey(key, { path, algorithm, allowWeak, ...(jwk.kid !== undefined && { kid: jwk.kid }) })
}

/**
 * Makes a verification key of a JWK of one's own: public, private (of which the public half is taken) or of type `oct`.
 * Throws ConfigError naming `options.path`. A published key is for `importVerificationKey`.
 */
export function importVerificationJwk(jwk: Jwk, options: JwkOptions): VerificationKey {
  const key = readOwnJwk(jwk, { ...options, path: '' })
  if (typeof key === 'string') throw new ConfigError(options.path, key)
  return key
}

/**
 * The keys of a set of one's own. A member for another purpose is left out; a set without any usable key, with shared
 * secrets beside public keys, or with one kid for two keys is a ConfigError: each lets a key be used as what it is not.
 */
export function importVerificationSet(set: unknown, options: JwkOptions): readonly VerificationKey[] {
  const { path } = options
  const members: unknown = isRecord(set) ? set['keys'] : undefined
  if (!Array.isArray(members) || members.length > keySetMaxKeys) {
    throw new ConfigError(
      path,
      `expected a JWK set: an object with a list named keys, of at most ${keySetMaxKeys}`,
    )
  }
  const jwks = members.filter(
    (member): member is Jwk => isRecord(member) && typeof member['kty'] === 'string',
  )
  if (jwks.some(isOctet) && !jwks.every(isOctet)) {
    throw new ConfigError(path, 'a set holds either shared secrets or public keys')
  }
  const kids = jwks.flatMap(({ kid }) => (kid === undefined ? [] : [kid]))
  if (new Set(kids).size < kids.length) throw new ConfigError(path, 'two keys of the set have the same kid')
  const read = jwks.map((jwk) => readOwnJwk(jwk, { ...options, path: '' }))
  const keys = read.filter((key) => typeof key !== 'string')
  if (keys.length > 0) return keys
  const problems = read.filter((key) => typeof key === 'string')
  throw new ConfigError(
    path,
    `the set has no key that can verify${problems.map((text) => `: ${text}`).join('')}`,
  )
}

function isOctet({ kty }: Jwk): boolean {
  return kty === 'oct'
}

/** Answers with what is wrong; `options.path` is empty, for the caller's own path leads the message. */
function readOwnJwk(jwk: Jwk, options: JwkOptions): VerificationKey | string {
  try {
    const algorithm = agreedAlgorithm(jwk, options)
    const narrowed = algorithm === undefined ? jwk : { ...jwk, alg: algorithm }
    return jwk.kty === 'oct'
      ? readOctet(narrowed, options)
      : readVerificationJwk(withoutPrivate(toVerify(narrowed)))
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

/** The key_ops of a private key say `sign`; of its public half they mean `verify`. */
function toVerify(jwk: Jwk): Jwk {
  if (!Array.isArray(jwk.key_ops) || !('d' in jwk || 'priv' in jwk)) return jwk
  return { ...jwk, key_ops: jwk.key_ops.includes('sign') ? ['verify'] : jwk.key_ops }
}

function readOctet(jwk: Jwk, { path, allowWeak = false }: JwkOptions): VerificationKey | string {
  const problem = purposeProblem(jwk, 'verify')
  if (problem !== undefined) return problem
  const key = jwkToSecretKey(jwk)
  if (typeof key === 'string') return key
  const { alg, kid } = jwk
  const algorithm = isJwsAlgorithm(alg) ? { algorithm: alg } : {}
  return importSecret(key.export(), { path, allowWeak, ...algorithm, ...(kid !== undefined && { kid }) })
}

function agreedAlgorithm(jwk: Jwk, { algorithm, path }: JwkOptions): JwsAlgorithm | undefined {
  const { alg } = jwk
  if (alg === undefined) return algorithm
  if (!isJwsAlgorithm(alg)) throw new ConfigError(path, 'the alg of the JWK is not one that signs')
  if (algorithm === undefined || algorithm === alg) return alg
  throw new ConfigError(path, `the JWK is for ${alg}, not for ${algorithm}`)
}
