import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ConfigError } from 'barre/core'
import {
  importDecryptionKey,
  importEncryptionKey,
  importSigningJwk,
  importSigningKey,
  importVerificationJwk,
  importVerificationKey,
  importVerificationSet,
  jweAlgorithmNames,
  jweEncryptionNames,
  jwsAlgorithmNames,
  parseJsonObject,
} from 'barre/jose'
import { Failure, UsageError } from './verb.ts'
import type {
  DecryptionKey,
  EncryptionKey,
  JweAlgorithm,
  JweEncryption,
  Jwk,
  JwsAlgorithm,
  SigningKey,
  VerificationKey,
} from 'barre/jose'

/** The largest key file that is read, in bytes. */
export const keyFileMaxBytes = 1_048_576

/** What a key file, or the `key` of a line, holds: a JWK, a JWK set, or text (PEM; for PBES2 a password). */
export type KeyMaterial = Readonly<Record<string, unknown>> | string

/** Reads a key file: JSON where it begins with a brace, else text without its last line end. */
export async function readKeyFile(file: string): Promise<KeyMaterial> {
  const bytes = await readFile(file).catch((error: Error) => {
    throw new Failure(error.message, { cause: error })
  })
  if (bytes.length > keyFileMaxBytes) throw new Failure(`${file} is larger than ${keyFileMaxBytes} bytes`)
  const text = bytes.toString('utf8')
  if (!text.trimStart().startsWith('{')) return text.replace(/\r?\n$/, '')
  const json = parseJsonObject(bytes, file, keyFileMaxBytes)
  if (json.ok) return json.value
  throw new Failure(json.denial.detail)
}

/** The keys that verify. Throws ConfigError for material that holds none. */
export function toVerificationKeys(material: KeyMaterial, alg: unknown): readonly VerificationKey[] {
  const options = { path: 'key', ...named(alg, jwsAlgorithmNames) }
  if (isSet(material)) return importVerificationSet(material, options)
  const key = single(material)
  if (typeof key !== 'string') return [importVerificationJwk(key, options)]
  return [importVerificationKey(isPrivatePem(key) ? publicHalf(key) : key, options)]
}

/** The key that signs; of a set, the only one that can, or the one of that kid. */
export function toSigningKey(material: KeyMaterial, alg: unknown, kid?: string): SigningKey {
  const options = { path: 'key', ...named(alg, jwsAlgorithmNames) }
  if (isSet(material)) return onlyOne(material, kid, (jwk) => importSigningJwk(jwk, options))
  const key = single(material)
  if (typeof key !== 'string') return importSigningJwk(key, options)
  const { algorithm } = options
  if (algorithm === undefined) throw new ConfigError('alg', 'a PEM key needs the algorithm to sign with')
  return importSigningKey(key, { ...options, algorithm })
}

/** What a token may be decrypted with, and how. */
export interface Decryption {
  readonly keys: readonly DecryptionKey[]
  readonly encryptions?: readonly JweEncryption[]
}

/** The keys that decrypt. As in a JWK, an `alg` that is a content encryption means `dir`. */
export function toDecryption(
  material: KeyMaterial,
  { alg, enc, legacy }: { readonly alg?: unknown; readonly enc?: unknown; readonly legacy: boolean },
): Decryption {
  const isDirect = (jweEncryptionNames as readonly unknown[]).includes(alg)
  const { algorithm: encryption } = named(enc ?? (isDirect ? alg : undefined), jweEncryptionNames)
  const options = { path: 'key', legacy, ...named(isDirect ? 'dir' : alg, jweAlgorithmNames) }
  const keys = isSet(material)
    ? usable(material, (jwk) => importDecryptionKey(jwk, options))
    : [importDecryptionKey(single(material), options)]
  return { keys, ...(encryption !== undefined && { encryptions: [encryption] }) }
}

/** The key that encrypts; of a set, the only one that can, or the one of that kid. */
export function toEncryptionKey(material: KeyMaterial, alg: unknown, kid?: string): EncryptionKey {
  const options = { path: 'key', ...named(alg, jweAlgorithmNames) }
  if (isSet(material)) return onlyOne(material, kid, (jwk) => importEncryptionKey(jwk, options))
  const key = single(material)
  const isPassword = options.algorithm?.startsWith('PBES2') === true
  return importEncryptionKey(!isPassword && isPrivatePem(key) ? publicHalf(key) : key, options)
}

/** The name of a content encryption. */
export function toEncryption(enc: string): JweEncryption {
  return named(enc, jweEncryptionNames).algorithm ?? 'A256GCM'
}

/** The JWKs of a set, or the one that the material is. */
export function toJwks(material: KeyMaterial): readonly Jwk[] {
  if (isSet(material)) return material.keys.filter(isJwk)
  return isJwk(material) ? [material] : []
}

/** A name of the list as an option, or nothing where none was given. */
function named<T extends JweAlgorithm | JwsAlgorithm | JweEncryption>(
  name: unknown,
  names: readonly T[],
): { readonly algorithm?: T } {
  if (name === undefined) return {}
  const algorithm = names.find((known) => known === name)
  if (algorithm === undefined) throw new ConfigError('alg', `expected one of ${names.join(', ')}`)
  return { algorithm }
}

interface KeySet extends Readonly<Record<string, unknown>> {
  readonly keys: readonly unknown[]
}

function isSet(material: KeyMaterial): material is KeySet {
  return typeof material !== 'string' && Array.isArray(material['keys'])
}

function isJwk(value: unknown): value is Jwk {
  return typeof value === 'object' && value !== null && 'kty' in value && typeof value.kty === 'string'
}

function single(material: KeyMaterial): Jwk | string {
  if (typeof material === 'string' || isJwk(material)) return material
  throw new ConfigError('key', 'expected a JWK, a JWK set, or PEM text')
}

function onlyOne<T>(set: KeySet, kid: string | undefined, convert: (jwk: Jwk) => T): T {
  const keys = set.keys.filter((jwk) => kid === undefined || (isJwk(jwk) && jwk.kid === kid))
  const [key, ...others] = usable({ keys }, convert)
  if (key !== undefined && others.length === 0) return key
  throw new ConfigError('key', 'several keys of the set fit: name one by its kid')
}

/** A set may hold keys for other purposes; one that holds none for this is an error, the last key's own. */
function usable<T>(set: KeySet, convert: (jwk: Jwk) => T): readonly T[] {
  const keys: T[] = []
  let problem: unknown = new ConfigError('key', 'the set has no keys')
  for (const jwk of set.keys.filter(isJwk)) {
    try {
      keys.push(convert(jwk))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problem = error
    }
  }
  if (keys.length === 0) throw problem
  return keys
}

function isPrivatePem(text: string | object): text is string {
  return typeof text === 'string' && text.includes('PRIVATE KEY-----')
}

function publicHalf(pem: string): ReturnType<typeof createPublicKey> {
  try {
    return createPublicKey(pem)
  } catch (cause) {
    throw new ConfigError('key', 'the PEM key cannot be read', { cause })
  }
}

/** Does what may find fault with keys and options, as the command line's error. */
export async function withFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ConfigError) throw new Failure(error.message, { cause: error })
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error })
    throw error
  }
}
