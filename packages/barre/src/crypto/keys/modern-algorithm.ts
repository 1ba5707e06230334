import { DerReader } from './der.ts'
import { writeOid, writeSequence } from './der-write.ts'
import { oids } from './oids.ts'

/**
 * An AlgorithmIdentifier as the standard numbers it: BouncyCastle wrote ML-KEM keys and certificates with a
 * number of its own before there was one, and stores of that time are still in use.
 */
export function modernAlgorithm(identifier: Uint8Array): Buffer {
  const inside = new DerReader(identifier, 'algorithm').enter()
  const oid = inside.oid()
  return oid === oids.earlyMlKem768 ? writeSequence(writeOid(oids.mlKem768)) : Buffer.from(identifier)
}
