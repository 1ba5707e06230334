import { createCipheriv } from 'node:crypto'
import { ConfigError } from '../core/index.ts'
import { associatedData, hasControls, keyDerivation } from './derive-key.ts'
import { legacyAlgorithm, legacyKey, sealedAlgorithm } from './derive-key.ts'
import { formatLegacy, formatSealed, nonceBytes, saltBytes, sealedHeader } from './encrypted-value.ts'
import { sealingCost, valueBytesMax } from './encrypted-value.ts'
import type { Secret } from '../core/index.ts'
import type { Argon2idCost } from '../crypto/index.ts'

/** Where a new value will stand, and how it is made. */
export interface EncryptOptions {
  /** The key that the value is bound to; absent, it opens at any key. */
  readonly key?: string
  /** Make the form that Ballerina 0.991 reads: not authenticated, and bound to nothing. */
  readonly legacy?: boolean
}

/** Encrypts configuration values with one secret. */
export interface Encrypter {
  /** The text `@encrypted:{...}`. Throws ConfigError for a value that cannot be kept. */
  encrypt(value: string, options?: EncryptOptions): Promise<string>
}

export interface EncrypterOptions {
  /** That many random bytes. */
  readonly random: (bytes: number) => Uint8Array
  /** What deriving the key costs; default RFC 9106's second choice. */
  readonly cost?: Argon2idCost
}

/** An encrypter with a secret: the pass phrase that opens the values again. */
export function createEncrypter(secret: Secret, options: EncrypterOptions): Encrypter {
  const { random, cost = sealingCost } = options
  const derive = keyDerivation(secret)
  // One salt for all values of a run: the key is derived once, and each value has a nonce of its own.
  const salt = random(saltBytes)
  return {
    async encrypt(value, { key, legacy = false } = {}) {
      checkValue(value, legacy)
      if (legacy) return encryptLegacy(value, secret, random)
      const nonce = random(nonceBytes)
      const header = sealedHeader({ bound: key !== undefined, cost, salt, nonce })
      const cipher = createCipheriv(sealedAlgorithm, await derive(salt, cost), nonce)
      cipher.setAAD(associatedData(header, key))
      const sealed = [cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return formatSealed(header, Buffer.concat(sealed))
    },
  }
}

function checkValue(value: string, legacy: boolean): void {
  if (value === '') throw new ConfigError('', 'the value is empty')
  if (!value.isWellFormed()) throw new ConfigError('', 'the value is not Unicode text')
  if (Buffer.byteLength(value) > valueBytesMax) {
    throw new ConfigError('', `the value is longer than ${valueBytesMax} bytes`)
  }
  // Whoever decrypts the old form takes control characters for a sign of the wrong secret.
  if (legacy && hasControls(value)) throw new ConfigError('', 'the old form holds no control characters')
}

function encryptLegacy(value: string, secret: Secret, random: EncrypterOptions['random']): string {
  const iv = random(16)
  const cipher = createCipheriv(legacyAlgorithm, legacyKey(secret), iv)
  return formatLegacy(iv, Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]))
}
