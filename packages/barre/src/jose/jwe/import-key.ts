import { KeyObject, createPublicKey, createSecretKey } from 'node:crypto'
import { ConfigError, Secret } from '../../core/index.ts'
import { isKid } from '../key.ts'
import { jwkToKeyObject } from '../jwk.ts'
import { toCertificate, toPrivateKey, toPublicKey } from '../pem.ts'
import { jwkToPrivateKey, jwkToSecretKey, withoutPrivate } from '../private-jwk.ts'
import { rsaProblem } from '../rsa-checks.ts'
import { looksLikeKey } from '../secret-checks.ts'
import { isJweEncryption } from './content-encryption.ts'
import { isJweAlgorithm, keyManagements } from './key-management.ts'
import { jweAlgorithmsFor, toDecryptionKey } from './jwe-key.ts'
import type { Jwk } from '../jwk.ts'
import type { DecryptionKey, EncryptionKey, KeyUse } from './jwe-key.ts'
import type { JweAlgorithm } from './key-management.ts'

/**
 * Where a key comes from: a KeyObject, a JWK, PEM text; for PBES2, whose key is a password, that text. An AES key is
 * a KeyObject or a JWK, never text.
 */
export type JweKeySource = KeyObject | Jwk | string | Secret

export interface JweKeyOptions {
  /** Where the key stands in the configuration, for errors. */
  readonly path: string
  /** The only algorithm that the key may be used with; a JWK's own `alg` must agree. */
  readonly algorithm?: JweAlgorithm
  readonly kid?: string
}

/**
 * Makes a key that encrypts: of a public key, a certificate, a shared key or a password. `algorithm` is required unless
 * a JWK says it. Throws ConfigError naming `options.path`.
 */
export function importEncryptionKey(source: JweKeySource, options: JweKeyOptions): EncryptionKey {
  const { key, use, algorithms } = read(source, options, 'encrypt', toEncrypting)
  const [algorithm, ...others] = algorithms
  if (algorithm === undefined || others.length > 0) {
    throw new ConfigError(options.path, `name the algorithm to encrypt with: ${algorithms.join(', ')}`)
  }
  const wrap = keyManagements[algorithm].wrapper?.(key)
  if (wrap === undefined) throw new ConfigError(options.path, `${algorithm} is for decryption only`)
  return Object.freeze({ ...use, algorithm, wrap })
}

export interface DecryptionKeyOptions extends JweKeyOptions {
  /** Of an encrypted PEM key. */
  readonly password?: string | Secret
  /** Allow RSA1_5, where `algorithm` or the JWK's `alg` names it. */
  readonly legacy?: boolean
}

/**
 * Makes a key that decrypts: of a private key, a shared key or a password. Without `algorithm`, a KeyObject or PEM
 * text takes all that its type, curve and length allow. Throws ConfigError naming `options.path`.
 */
export function importDecryptionKey(source: JweKeySource, options: DecryptionKeyOptions): DecryptionKey {
  const { key, use, algorithms } = read(source, options, 'decrypt', (member) => toDecrypting(member, options))
  const old = algorithms.find((name) => keyManagements[name].legacy === true)
  if (old !== undefined && options.legacy !== true) {
    throw new ConfigError(options.path, `${old} is read only with legacy: true`)
  }
  return toDecryptionKey(key, algorithms, use)
}

interface ReadKey {
  readonly key: KeyObject
  readonly use: KeyUse
  readonly algorithms: readonly JweAlgorithm[]
}

type Purpose = 'encrypt' | 'decrypt'

function read(
  source: JweKeySource,
  options: JweKeyOptions,
  purpose: Purpose,
  convert: (source: KeyObject | Jwk | string, path: string) => KeyObject,
): ReadKey {
  const { path, kid } = options
  const jwk = isJwk(source) ? source : undefined
  const use = jwk === undefined ? {} : readUse(jwk, purpose, path)
  const algorithm = agreed(options.algorithm, use.algorithm, path)
  const isPassword = algorithm !== undefined && keyManagements[algorithm].password === true
  const key = isPassword ? toPassword(source, path) : convert(revealed(source), path)
  const algorithms = fitting(key, algorithm, path)
  const named = kid ?? use.kid
  return {
    key,
    algorithms,
    use: {
      ...(named !== undefined && { kid: named }),
      ...(use.encryption !== undefined && { encryption: use.encryption }),
    },
  }
}

function isJwk(source: JweKeySource): source is Jwk {
  return !(typeof source === 'string' || source instanceof KeyObject || source instanceof Secret)
}

function revealed(source: JweKeySource): KeyObject | Jwk | string {
  return source instanceof Secret ? source.reveal() : source
}

const operations: Readonly<Record<Purpose, readonly string[]>> = {
  encrypt: ['encrypt', 'wrapKey', 'deriveKey', 'deriveBits'],
  decrypt: ['decrypt', 'unwrapKey', 'deriveKey', 'deriveBits'],
}

/** RFC 7517 §4: what a JWK says of its use binds us; an `alg` that is a content encryption means `dir`. */
function readUse(jwk: Jwk, purpose: Purpose, path: string): KeyUse & { readonly algorithm?: JweAlgorithm } {
  const { alg, kid, use } = jwk
  const allowed: unknown = jwk.key_ops
  if (use !== undefined && use !== 'enc') throw new ConfigError(path, 'the use of the JWK is not enc')
  if (
    allowed !== undefined &&
    !(Array.isArray(allowed) && operations[purpose].some((name) => allowed.includes(name)))
  ) {
    throw new ConfigError(path, `the key_ops of the JWK do not allow to ${purpose}`)
  }
  if (kid !== undefined && !isKid(kid)) {
    throw new ConfigError(path, 'the kid of the JWK is not short text without control characters')
  }
  const named = kid === undefined ? {} : { kid }
  if (alg === undefined) return named
  if (isJweAlgorithm(alg)) return { ...named, algorithm: alg }
  if (isJweEncryption(alg)) return { ...named, algorithm: 'dir', encryption: alg }
  throw new ConfigError(path, 'the alg of the JWK is not one that encrypts')
}

function agreed(
  wanted: JweAlgorithm | undefined,
  own: JweAlgorithm | undefined,
  path: string,
): JweAlgorithm | undefined {
  if (wanted === undefined || own === undefined || wanted === own) return wanted ?? own
  throw new ConfigError(path, `the JWK is for ${own}, not for ${wanted}`)
}

function fitting(key: KeyObject, wanted: JweAlgorithm | undefined, path: string): readonly JweAlgorithm[] {
  if (wanted !== undefined) {
    if (keyManagements[wanted].fits(key)) return [wanted]
    throw new ConfigError(path, `the key does not fit ${wanted}`)
  }
  const algorithms = jweAlgorithmsFor(key)
  if (algorithms.length > 0) return algorithms
  throw new ConfigError(path, 'no algorithm that encrypts uses this type, curve or length of key')
}

/** A password as the key that it is; a PEM key in this place is a mistake to name. */
function toPassword(source: JweKeySource, path: string): KeyObject {
  if (source instanceof KeyObject || isJwk(source)) return toShared(source, path)
  const bytes = Buffer.from(source instanceof Secret ? source.reveal() : source)
  if (bytes.length === 0 || looksLikeKey(bytes)) throw new ConfigError(path, 'expected a password')
  return createSecretKey(bytes)
}

function toShared(source: KeyObject | Jwk, path: string): KeyObject {
  const key = source instanceof KeyObject ? source : jwkToSecretKey(source)
  if (typeof key === 'string') throw new ConfigError(path, key)
  if (key.type === 'secret') return key
  throw new ConfigError(path, `expected a shared key, found a ${key.type} key`)
}

function toEncrypting(source: KeyObject | Jwk | string, path: string): KeyObject {
  if (isShared(source)) return toShared(source, path)
  const key = isJwk(source)
    ? jwkToKeyObject(withoutPrivate(source))
    : ((typeof source === 'string' ? toCertificate(source, path)?.publicKey : undefined) ??
      toPublicKey(source, path))
  return checked(key, path)
}

function toDecrypting(source: KeyObject | Jwk | string, options: DecryptionKeyOptions): KeyObject {
  const { path } = options
  if (isShared(source)) return toShared(source, path)
  const key = isJwk(source)
    ? jwkToPrivateKey(source)
    : toPrivateKey(source, { ...options, algorithm: options.algorithm ?? 'decryption' })
  return checked(key, path)
}

function isShared(source: KeyObject | Jwk | string): source is KeyObject | Jwk {
  if (typeof source === 'string') return false
  return source instanceof KeyObject ? source.type === 'secret' : source.kty === 'oct'
}

function checked(key: KeyObject | string, path: string): KeyObject {
  const problem =
    typeof key === 'string' ? key : rsaProblem(key.type === 'private' ? createPublicKey(key) : key)
  if (problem !== undefined) throw new ConfigError(path, problem)
  return key as KeyObject
}
