import { createHmac, timingSafeEqual } from 'node:crypto'
import { tags } from './der.ts'
import { KeyError } from './key-error.ts'
import { digestOids, oids } from './oids.ts'
import { readDerivation, readIterations, readPrf, readSalt } from './password-derivation.ts'
import { derivePkcs12, purposes } from './pkcs12-kdf.ts'
import type { DerReader } from './der.ts'

/** Says whether a password made the MAC of these bytes. */
export type MacCheck = (content: Uint8Array, password: string) => boolean

/** Reads MacData: RFC 7292 §4, and PBMAC1 by RFC 9579. */
export function readMac(macData: DerReader): MacCheck {
  const digestInfo = macData.enter()
  const algorithm = digestInfo.enter()
  const expected = digestInfo.octets()
  digestInfo.end()
  const salt = readSalt(macData)
  const iterations = macData.hasMore ? readIterations(macData) : 1
  macData.end()
  const oid = algorithm.oid()
  const compute =
    oid === oids.pbmac1 ? readPbmac1(algorithm.enter()) : readOldMac(oid, algorithm, salt, iterations)
  algorithm.end()
  return (content, password) => {
    const computed = compute(content, password)
    return computed.length === expected.length && timingSafeEqual(computed, expected)
  }
}

type Compute = (content: Uint8Array, password: string) => Buffer

function readOldMac(oid: string, algorithm: DerReader, salt: Buffer, iterations: number): Compute {
  algorithm.optional(tags.null)
  const digest = digestOids[oid]
  if (digest === undefined) throw new KeyError('unsupported', `PKCS#12: the MAC ${oid} is not supported`)
  return (content, password) => {
    const length = digestBytes[digest]!
    const key = derivePkcs12(password, { digest, salt, iterations, purpose: purposes.mac, length })
    return createHmac(digest, key).update(content).digest()
  }
}

const digestBytes: Readonly<Record<string, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
}

/** The shortest key of a PBMAC1, in bytes: RFC 9579 §8. */
const pbmac1KeyMinBytes = 20

function readPbmac1(parameters: DerReader): Compute {
  const derivation = readDerivation(parameters.enter())
  const digest = readPrf(parameters.enter())
  parameters.end()
  const { keyBytes } = derivation
  if (keyBytes === undefined || keyBytes < pbmac1KeyMinBytes) {
    throw new KeyError('unsupported', 'PKCS#12: PBMAC1 without a key length, or with too short a key')
  }
  return (content, password) =>
    createHmac(digest, derivation.derive(password, keyBytes)).update(content).digest()
}
