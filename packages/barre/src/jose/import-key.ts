import { KeyObject, createPublicKey, createSecretKey } from 'node:crypto'
import { ConfigError, Secret, isRecord } from '../core/index.ts'
import { jwkToKeyObject, purposeProblem } from './jwk.ts'
import { algorithmsFor, toVerificationKey } from './key.ts'
import { jwsAlgorithms } from './jws-algorithms.ts'
import { toCertificate, toPrivateKey, toPublicKey } from './pem.ts'
import { rsaProblem } from './rsa-checks.ts'
import { isKnownSecret, looksLikeKey } from './secret-checks.ts'
import type { X509Certificate } from 'node:crypto'
import type { Jwk } from './jwk.ts'
import type { SigningKey, VerificationKey } from './key.ts'
import type { JwsAlgorithm } from './jws-algorithms.ts'

export interface ImportOptions {
  /** Where the key stands in the configuration, for errors. */
  readonly path: string
  /** The only algorithm that the key may be used with; default: all that its type and curve allow. */
  readonly algorithm?: JwsAlgorithm
  readonly kid?: string
}

/**
 * Makes a verification key of a public KeyObject, of PEM text (SPKI, PKCS#1 or an X.509 certificate) or of a
 * public JWK.
 * Throws ConfigError naming `options.path`; never takes a shared secret, which only importSecret does.
 */
export function importVerificationKey(
  source: KeyObject | string | Jwk,
  options: ImportOptions,
): VerificationKey {
  if (typeof source !== 'string' && !(source instanceof KeyObject)) return fromJwk(source, options)
  const certificate = typeof source === 'string' ? toCertificate(source, options.path) : undefined
  const key = certificate?.publicKey ?? toPublicKey(source, options.path)
  const problem = rsaProblem(key)
  if (problem !== undefined) throw new ConfigError(options.path, problem)
  return toVerificationKey(key, narrow(algorithmsFor(key), options.algorithm, options.path), {
    ...(options.kid !== undefined && { kid: options.kid }),
    ...(certificate && { validity: validityOf(certificate) }),
  })
}

/**
 * The same for a JWK of a set, where a bad member is an event and not an error: answers with what is wrong.
 */
export function readVerificationJwk(jwk: unknown): VerificationKey | string {
  if (!isRecord(jwk) || typeof jwk['kty'] !== 'string') return 'not a JWK'
  const named = jwk as Jwk
  const problem = purposeProblem(named, 'verify')
  if (problem !== undefined) return problem
  const key = jwkToKeyObject(named)
  if (typeof key === 'string') return key
  const weakness = rsaProblem(key)
  if (weakness !== undefined) return weakness
  const algorithms = algorithmsFor(key).filter((name) => named.alg === undefined || name === named.alg)
  if (algorithms.length === 0) return 'its alg does not fit its type, or its type has no signature algorithm'
  return toVerificationKey(key, algorithms, named.kid === undefined ? {} : { kid: named.kid })
}

function fromJwk(jwk: Jwk, options: ImportOptions): VerificationKey {
  const key = readVerificationJwk(jwk)
  if (typeof key === 'string') throw new ConfigError(options.path, `expected a public JWK: ${key}`)
  const kid = options.kid ?? key.kid
  return toVerificationKey(key.keyObject, narrow(key.algorithms, options.algorithm, options.path), {
    ...(kid !== undefined && { kid }),
  })
}

function narrow(
  possible: readonly JwsAlgorithm[],
  wanted: JwsAlgorithm | undefined,
  path: string,
): readonly JwsAlgorithm[] {
  if (possible.length === 0)
    throw new ConfigError(path, 'no signature algorithm uses this type of key or curve')
  if (wanted === undefined) return possible
  if (possible.includes(wanted)) return [wanted]
  throw new ConfigError(path, `the key does not fit ${wanted}; it fits ${possible.join(', ')}`)
}

function validityOf(certificate: X509Certificate): { fromMs: number; toMs: number } {
  return { fromMs: certificate.validFromDate.getTime(), toMs: certificate.validToDate.getTime() }
}

export interface SecretOptions extends ImportOptions {
  /** Accept a secret that is short or publicly known. */
  readonly allowWeak?: boolean
}

/**
 * Makes a key of a shared secret: text (its UTF-8 bytes) or bytes. Throws ConfigError where it is a key or
 * certificate of another
 * kind, shorter than the hash (RFC 7518 §3.2), or publicly known.
 */
export function importSecret(source: string | Secret | Uint8Array, options: SecretOptions): VerificationKey {
  const key = toSecretKey(source, options)
  return toVerificationKey(key, secretAlgorithms(key, options), {
    ...(options.kid !== undefined && { kid: options.kid }),
  })
}

function toSecretKey(source: string | Secret | Uint8Array, options: SecretOptions): KeyObject {
  const bytes = Buffer.from((source instanceof Secret ? source.reveal() : source) as Uint8Array)
  if (bytes.length === 0) throw new ConfigError(options.path, 'the secret is empty')
  if (looksLikeKey(bytes)) {
    throw new ConfigError(
      options.path,
      'this is a key or certificate, not a shared secret: use certFile or jwksConfig to verify, keyFile to sign',
    )
  }
  if (!options.allowWeak && isKnownSecret(bytes)) {
    throw new ConfigError(
      options.path,
      'the secret is on public lists: make one with `openssl rand -base64 64`',
    )
  }
  return createSecretKey(bytes)
}

function secretAlgorithms(key: KeyObject, options: SecretOptions): readonly JwsAlgorithm[] {
  const size = key.symmetricKeySize ?? 0
  const possible = algorithmsFor(key)
  const strong = options.allowWeak
    ? possible
    : possible.filter((name) => (jwsAlgorithms[name].secretMinBytes ?? 0) <= size)
  const wanted = options.algorithm
  if (
    strong.length === 0 ||
    (wanted !== undefined && possible.includes(wanted) && !strong.includes(wanted))
  ) {
    const least = jwsAlgorithms[wanted ?? 'HS256'].secretMinBytes
    throw new ConfigError(
      options.path,
      `the secret has ${size} bytes: ${wanted ?? 'HS256'} needs at least ${least}`,
    )
  }
  return narrow(strong, wanted, options.path)
}

export interface SigningKeyOptions extends SecretOptions {
  readonly algorithm: JwsAlgorithm
  /** Of an encrypted PEM key. */
  readonly password?: string | Secret
}

/**
 * Makes a signing key of a private KeyObject or PEM text (PKCS#8, PKCS#1, SEC1), or for HS algorithms of a
 * shared secret.
 * Throws ConfigError naming `options.path`.
 */
export function importSigningKey(
  source: KeyObject | string | Secret,
  options: SigningKeyOptions,
): SigningKey {
  const { algorithm, kid } = options
  const row = jwsAlgorithms[algorithm]
  const named = kid === undefined ? {} : { kid }
  if (row.secretMinBytes !== undefined) {
    const { keyObject } = importSecret(toSecretSource(source, options.path), options)
    return Object.freeze({ ...named, algorithm, sign: row.signer(keyObject) })
  }
  const key = toPrivateKey(source, options)
  const publicKey = createPublicKey(key)
  const problem = rsaProblem(publicKey)
  if (problem !== undefined) throw new ConfigError(options.path, problem)
  narrow(algorithmsFor(publicKey), algorithm, options.path)
  return Object.freeze({ ...named, algorithm, publicKey, sign: row.signer(key) })
}

function toSecretSource(source: KeyObject | string | Secret, path: string): string | Secret | Uint8Array {
  if (!(source instanceof KeyObject)) return source
  if (source.type === 'secret') return source.export()
  throw new ConfigError(path, `expected a shared secret, found a ${source.type} key`)
}
