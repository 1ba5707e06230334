import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Keccak256 } from './keccak.ts'

/** Hash functions that nobody has broken. `keccak-256` is not SHA3-256: its padding differs. */
export type HashAlgorithm =
  | 'sha224'
  | 'sha256'
  | 'sha384'
  | 'sha512'
  | 'sha512-256'
  | 'sha3-224'
  | 'sha3-256'
  | 'sha3-384'
  | 'sha3-512'
  | 'keccak-256'
  | 'blake2b512'
  | 'blake2s256'

/** Broken: collisions can be made. Only to check what others made long ago. */
export type LegacyHashAlgorithm = 'md5' | 'sha1'

export interface HashOptions {
  /** Goes before the data. A hash with a salt is still no password hash: use `hashPassword`. */
  readonly salt?: string | Uint8Array
}

/** What takes data in pieces and gives a digest once. */
interface Hasher {
  update(data: Uint8Array): unknown
  digest(): Buffer
}

/** The digest of text (its UTF-8 bytes) or bytes. */
export function hash(algorithm: HashAlgorithm, data: string | Uint8Array, options: HashOptions = {}): Buffer {
  return digestOf(algorithm, data, options)
}

/** The digest of a stream. */
export function hashStream(
  algorithm: HashAlgorithm,
  source: AsyncIterable<string | Uint8Array>,
  options: HashOptions = {},
): Promise<Buffer> {
  return digestOfStream(algorithm, source, options)
}

/** The digest of a file. */
export function hashFile(algorithm: HashAlgorithm, path: string, options: HashOptions = {}): Promise<Buffer> {
  return digestOfStream(algorithm, createReadStream(path), options)
}

/** `hash` with a function that is broken. */
export function legacyHash(
  algorithm: LegacyHashAlgorithm,
  data: string | Uint8Array,
  options: HashOptions = {},
): Buffer {
  return digestOf(algorithm, data, options)
}

/** `hashStream` with a function that is broken. */
export function legacyHashStream(
  algorithm: LegacyHashAlgorithm,
  source: AsyncIterable<string | Uint8Array>,
  options: HashOptions = {},
): Promise<Buffer> {
  return digestOfStream(algorithm, source, options)
}

type AnyAlgorithm = HashAlgorithm | LegacyHashAlgorithm

function digestOf(algorithm: AnyAlgorithm, data: string | Uint8Array, options: HashOptions): Buffer {
  const hasher = start(algorithm, options)
  hasher.update(toBytes(data))
  return hasher.digest()
}

async function digestOfStream(
  algorithm: AnyAlgorithm,
  source: AsyncIterable<string | Uint8Array>,
  options: HashOptions,
): Promise<Buffer> {
  const hasher = start(algorithm, options)
  for await (const chunk of source) hasher.update(toBytes(chunk))
  return hasher.digest()
}

function start(algorithm: AnyAlgorithm, { salt }: HashOptions): Hasher {
  const hasher: Hasher = algorithm === 'keccak-256' ? new Keccak256() : createHash(algorithm)
  if (salt !== undefined) hasher.update(toBytes(salt))
  return hasher
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data
}
