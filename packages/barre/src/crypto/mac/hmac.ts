import { KeyObject, createHmac, createSecretKey } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Secret } from '../../core/index.ts'
import { equalSecrets } from '../equal-secrets.ts'

/** Hash functions of HMACs. */
export type HmacAlgorithm = 'sha256' | 'sha384' | 'sha512' | 'sha3-256' | 'sha3-384' | 'sha3-512'

/** Only to check what others make: an HMAC with these is not broken, but nothing new should use them. */
export type LegacyHmacAlgorithm = 'md5' | 'sha1'

export interface HmacOptions {
  /**
   * Not empty: bytes, or text whose UTF-8 bytes count; for many HMACs under one key a KeyObject is quicker. As long as
   * the digest is a good length.
   */
  readonly key: Uint8Array | string | Secret | KeyObject
}

/** The HMAC of text (its UTF-8 bytes) or bytes: RFC 2104. Throws a TypeError for an empty key. */
export function hmac(algorithm: HmacAlgorithm, data: string | Uint8Array, options: HmacOptions): Buffer {
  return start(algorithm, options).update(data).digest()
}

/** The HMAC of a stream. */
export function hmacStream(
  algorithm: HmacAlgorithm,
  source: AsyncIterable<string | Uint8Array>,
  options: HmacOptions,
): Promise<Buffer> {
  return ofStream(algorithm, source, options)
}

/** The HMAC of a file. */
export function hmacFile(algorithm: HmacAlgorithm, path: string, options: HmacOptions): Promise<Buffer> {
  return ofStream(algorithm, createReadStream(path), options)
}

/** Whether `mac` is the HMAC of these data, in constant time. */
export function verifyHmac(
  algorithm: HmacAlgorithm,
  data: string | Uint8Array,
  mac: Uint8Array,
  options: HmacOptions,
): boolean {
  return equalSecrets(hmac(algorithm, data, options), mac)
}

/** `hmac` with an old hash function. */
export function legacyHmac(
  algorithm: LegacyHmacAlgorithm,
  data: string | Uint8Array,
  options: HmacOptions,
): Buffer {
  return start(algorithm, options).update(data).digest()
}

/** `hmacStream` with an old hash function. */
export function legacyHmacStream(
  algorithm: LegacyHmacAlgorithm,
  source: AsyncIterable<string | Uint8Array>,
  options: HmacOptions,
): Promise<Buffer> {
  return ofStream(algorithm, source, options)
}

async function ofStream(
  algorithm: HmacAlgorithm | LegacyHmacAlgorithm,
  source: AsyncIterable<string | Uint8Array>,
  options: HmacOptions,
): Promise<Buffer> {
  const computing = start(algorithm, options)
  for await (const chunk of source) computing.update(chunk)
  return computing.digest()
}

function start(
  algorithm: HmacAlgorithm | LegacyHmacAlgorithm,
  { key }: HmacOptions,
): ReturnType<typeof createHmac> {
  const keyObject = key instanceof KeyObject ? key : toKeyObject(key instanceof Secret ? key.reveal() : key)
  if (keyObject.type !== 'secret') throw new TypeError(`an HMAC key is a secret, not a ${keyObject.type} key`)
  if (keyObject.symmetricKeySize === 0) throw new TypeError('an HMAC key must not be empty')
  return createHmac(algorithm, keyObject)
}

/** node:crypto is three times as slow with bytes as with a KeyObject of them. */
function toKeyObject(key: Uint8Array | string): KeyObject {
  return typeof key === 'string' ? createSecretKey(key, 'utf8') : createSecretKey(key)
}
