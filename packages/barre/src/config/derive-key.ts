import { createHash } from 'node:crypto'
import { ConfigError } from '../core/index.ts'
import { deriveArgon2id } from '../crypto/index.ts'
import { canonicalKey } from './key-path.ts'
import type { Secret } from '../core/index.ts'
import type { Argon2idCost } from '../crypto/index.ts'

export const sealedAlgorithm = 'aes-256-gcm'
export const legacyAlgorithm = 'aes-128-cbc'

/** The most keys that one secret is stretched to: each costs tens of milliseconds, and a file may name many salts. */
export const derivedKeysMax = 1_000

/** Stretches a secret to keys, each computed once. */
export function keyDerivation(secret: Secret): (salt: Uint8Array, cost: Argon2idCost) => Promise<Buffer> {
  if (secret.reveal() === '') throw new ConfigError('', 'the secret is empty')
  const derived = new Map<string, Promise<Buffer>>()
  return (salt, cost) => {
    const name = `${Buffer.from(salt).toString('hex')}.${cost.memoryKib}.${cost.passes}.${cost.lanes}`
    const known = derived.get(name)
    if (known !== undefined) return known
    if (derived.size >= derivedKeysMax) {
      throw new ConfigError('', `more than ${derivedKeysMax} salts: barre config rotate gives a file one`)
    }
    const key = deriveArgon2id(secret.reveal(), salt, cost, 32)
    derived.set(name, key)
    return key
  }
}

/** What the tag covers beside the value: the header, as it is written, then the key. */
export function associatedData(header: string, key: string | undefined): Buffer {
  return Buffer.from(key === undefined ? header : header + canonicalKey(key))
}

/** The key of Ballerina's form. */
export function legacyKey(secret: Secret): Buffer {
  return createHash('sha256').update(secret.reveal()).digest().subarray(0, 16)
}

export function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text)
}
