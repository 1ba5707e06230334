import { createPublicKey } from 'node:crypto'
import { readDer, tags } from './der.ts'
import { writeDer, writeSequence } from './der-write.ts'
import { KeyError } from './key-error.ts'
import { modernAlgorithm } from './modern-algorithm.ts'
import type { KeyObject } from 'node:crypto'

/** RFC 5280 §4.1: SubjectPublicKeyInfo. */
export function publicKeyFromSpki(bytes: Uint8Array): KeyObject {
  const info = readDer(bytes, tags.sequence, 'public key')
  const algorithm = modernAlgorithm(info.next(tags.sequence).bytes)
  const key = info.next(tags.bitString).content
  info.end()
  return publicKeyFromDer(writeSequence(algorithm, writeDer(tags.bitString, key)), 'spki')
}

export function publicKeyFromDer(key: Uint8Array, type: 'spki' | 'pkcs1'): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(key), format: 'der', type })
  } catch (cause) {
    throw new KeyError('malformed', 'the public key is not valid, or of a type that is not supported', {
      cause,
    })
  }
}
