import { createSign, createVerify, sign as signBytes, verify as verifyBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { digestOf, signatureRows } from './algorithms.ts'
import type { KeyObject, SignKeyObjectInput } from 'node:crypto'
import type { DigestAlgorithm, LegacySignatureAlgorithm, SignatureAlgorithm } from './algorithms.ts'

export interface SignatureOptions<Algorithm = SignatureAlgorithm> {
  readonly algorithm: Algorithm
  /** The private key to sign, the public one to verify. */
  readonly key: KeyObject
  /** Of ECDSA: DER as in X.509 and Java, or the two numbers as in JOSE; default `der`. */
  readonly encoding?: 'der' | 'ieee-p1363'
}

/** Signs text (its UTF-8 bytes) or bytes. Throws a TypeError when the key is not one of the algorithm's. */
export function sign(data: string | Uint8Array, options: SignatureOptions): Buffer {
  return signWith(data, options)
}

/** Whether the signature is of these data. Throws a TypeError when the key is not one of the algorithm's. */
export function verify(data: string | Uint8Array, signature: Uint8Array, options: SignatureOptions): boolean {
  return verifyWith(data, signature, options)
}

/** `sign` with a hash function that is broken; RSA keys of any size. */
export function legacySign(
  data: string | Uint8Array,
  options: SignatureOptions<LegacySignatureAlgorithm>,
): Buffer {
  return signWith(data, options)
}

/** `verify` with a hash function that is broken: true says no more than that somebody could make it so. */
export function legacyVerify(
  data: string | Uint8Array,
  signature: Uint8Array,
  options: SignatureOptions<LegacySignatureAlgorithm>,
): boolean {
  return verifyWith(data, signature, options)
}

/** `sign` over a stream; EdDSA and ML-DSA need all of the data at once, and have no such form. */
export async function signStream(
  source: AsyncIterable<string | Uint8Array>,
  options: SignatureOptions<DigestAlgorithm>,
): Promise<Buffer> {
  const signer = createSign(digestOf(options.algorithm))
  const key = toNodeKey(options, 'private')
  for await (const chunk of source) signer.update(chunk)
  return signer.sign(key)
}

/** `verify` over a stream. */
export async function verifyStream(
  source: AsyncIterable<string | Uint8Array>,
  signature: Uint8Array,
  options: SignatureOptions<DigestAlgorithm>,
): Promise<boolean> {
  const verifier = createVerify(digestOf(options.algorithm))
  const key = toNodeKey(options, 'public')
  for await (const chunk of source) verifier.update(chunk)
  return isWhole(signature, options.key) && verifier.verify(key, signature)
}

/** `sign` over a file. */
export function signFile(path: string, options: SignatureOptions<DigestAlgorithm>): Promise<Buffer> {
  return signStream(createReadStream(path), options)
}

/** `verify` over a file. */
export function verifyFile(
  path: string,
  signature: Uint8Array,
  options: SignatureOptions<DigestAlgorithm>,
): Promise<boolean> {
  return verifyStream(createReadStream(path), signature, options)
}

type AnyOptions = SignatureOptions<SignatureAlgorithm | LegacySignatureAlgorithm>

function signWith(data: string | Uint8Array, options: AnyOptions): Buffer {
  return signBytes(signatureRows[options.algorithm].digest, toBytes(data), toNodeKey(options, 'private'))
}

function verifyWith(data: string | Uint8Array, signature: Uint8Array, options: AnyOptions): boolean {
  const { digest } = signatureRows[options.algorithm]
  const key = toNodeKey(options, 'public')
  return isWhole(signature, options.key) && verifyBytes(digest, toBytes(data), key, signature)
}

/** RFC 8017 §8.1.2: an RSA signature is as long as the modulus. OpenSSL forgives missing leading zeros. */
function isWhole(signature: Uint8Array, key: KeyObject): boolean {
  const bits = key.asymmetricKeyDetails?.modulusLength
  return bits === undefined || signature.length === Math.ceil(bits / 8)
}

function toNodeKey(options: AnyOptions, type: 'private' | 'public'): KeyObject | SignKeyObjectInput {
  const { algorithm, key, encoding } = options
  const row = signatureRows[algorithm]
  const found = `${key.type} ${key.asymmetricKeyType ?? 'shared'} key`
  if (key.type !== type || !row.fits(key)) {
    throw new TypeError(`${algorithm} needs a ${type} key: ${row.needs}; found a ${found}`)
  }
  // node:crypto takes a bare KeyObject in a third less of the time.
  if (row.parameters === undefined && (encoding ?? 'der') === 'der') return key
  return { key, ...row.parameters, ...(encoding !== undefined && { dsaEncoding: encoding }) }
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data
}
