import { pbkdf2Sync, scryptSync } from 'node:crypto'
import { tags } from './der.ts'
import { KeyError } from './key-error.ts'
import { hmacOids, oids } from './oids.ts'
import type { DerReader } from './der.ts'

/** The most rounds that a file may ask for: about a second of the old derivation. */
export const derivationIterationsMax = 1_000_000
/** The most memory that a file may ask scrypt for, in bytes. */
export const derivationMaxBytes = 268_435_456
/** The longest salt that is read, in bytes. */
export const saltMaxBytes = 1024

/** A checked way to a key, not computed yet: reading a file costs nothing before its structure is known. */
export interface Derivation {
  readonly keyBytes: number | undefined
  derive(password: string, keyBytes: number): Buffer
}

/** Reads a PBKDF2 or scrypt AlgorithmIdentifier: RFC 8018 §A.2, RFC 7914 §7. */
export function readDerivation(algorithm: DerReader): Derivation {
  const oid = algorithm.oid()
  const parameters = algorithm.enter()
  algorithm.end()
  if (oid === oids.pbkdf2) return readPbkdf2(parameters)
  if (oid === oids.scrypt) return readScrypt(parameters)
  throw new KeyError('unsupported', `key derivation ${oid} is not supported: PBKDF2 and scrypt are`)
}

export function readSalt(parameters: DerReader): Buffer {
  const salt = parameters.octets()
  if (salt.length > saltMaxBytes) throw new KeyError('too_large', `a salt of more than ${saltMaxBytes} bytes`)
  return salt
}

/** The number of rounds, at least one. */
export function readIterations(parameters: DerReader): number {
  const iterations = parameters.integer(Number.MAX_SAFE_INTEGER)
  if (iterations < 1) throw new KeyError('malformed', 'key derivation: at least one round was expected')
  if (iterations <= derivationIterationsMax) return iterations
  throw new KeyError('too_large', `key derivation asks for more than ${derivationIterationsMax} rounds`)
}

function readPbkdf2(parameters: DerReader): Derivation {
  const salt = readSalt(parameters)
  const iterations = readIterations(parameters)
  const keyBytes = readKeyBytes(parameters)
  const digest = parameters.hasMore ? readPrf(parameters.enter()) : 'sha1'
  parameters.end()
  return { keyBytes, derive: (password, size) => pbkdf2Sync(password, salt, iterations, size, digest) }
}

/** Reads the AlgorithmIdentifier of an HMAC; answers with its hash function. */
export function readPrf(algorithm: DerReader): string {
  const oid = algorithm.oid()
  algorithm.optional(tags.null)
  algorithm.end()
  const digest = hmacOids[oid]
  if (digest === undefined) throw new KeyError('unsupported', `the HMAC ${oid} is not supported`)
  return digest
}

function readScrypt(parameters: DerReader): Derivation {
  const salt = readSalt(parameters)
  const [N, r, p] = [1, 2, 3].map(() => parameters.integer(Number.MAX_SAFE_INTEGER)) as [
    number,
    number,
    number,
  ]
  const keyBytes = readKeyBytes(parameters)
  parameters.end()
  if (N < 2 || !Number.isInteger(Math.log2(N)) || r < 1 || p < 1) {
    throw new KeyError('malformed', 'scrypt: the cost parameters are not valid')
  }
  if (128 * N * r * p > derivationMaxBytes) {
    throw new KeyError('too_large', `scrypt asks for more than ${derivationMaxBytes} bytes`)
  }
  const options = { N, r, p, maxmem: derivationMaxBytes * 2 }
  return { keyBytes, derive: (password, size) => scryptSync(password, salt, size, options) }
}

function readKeyBytes(parameters: DerReader): number | undefined {
  return parameters.nextTag === tags.integer ? parameters.integer(64) : undefined
}
