import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { ConfigError, Secret } from '../core/index.ts'
import { deriveArgon2id } from '../crypto/index.ts'
import {
  formatLegacy,
  formatSealed,
  nonceBytes,
  parseEncrypted,
  saltBytes,
  sealedHeader,
  sealingCost,
  tagBytes,
  valueBytesMax,
} from './encrypted-value.ts'
import { canonicalKey } from './key-path.ts'
import type { Argon2idCost } from '../crypto/index.ts'
import type { LegacyValue, SealedValue } from './encrypted-value.ts'

/** Where a new value will stand, and how it is made. */
export interface EncryptOptions {
  /** The key that the value is bound to; absent, it opens at any key. */
  readonly key?: string
  /** Make the form that Ballerina 0.991 reads: not authenticated, and bound to nothing. */
  readonly legacy?: boolean
}

/** Encrypts and decrypts configuration values with one secret. */
export interface KeyRing {
  /** The text `@encrypted:{...}`. Throws ConfigError for a value that cannot be kept. */
  encrypt(value: string, options?: EncryptOptions): Promise<string>
  /**
   * The value behind `@encrypted:{...}` that stands at `key`; without a key only unbound values open. Throws
   * ConfigError that names the key.
   */
  decrypt(text: string, key?: string): Promise<Secret>
}

export interface KeyRingOptions {
  /** Randomness of that many bytes. */
  random(bytes: number): Uint8Array
  /** What deriving a key costs for new values; default RFC 9106's second choice. */
  readonly cost?: Argon2idCost
}

/** The most keys that one ring derives: each costs tens of milliseconds, and a file may name many salts. */
export const derivedKeysMax = 1_000

/** A ring for a secret: the pass phrase that values are encrypted with. */
export function createKeyRing(secret: Secret, { random, cost = sealingCost }: KeyRingOptions): KeyRing {
  if (secret.reveal() === '') throw new ConfigError('', 'the secret is empty')
  const derive = keyDerivation(secret)
  // One salt for all values of a run: the key is derived once, and each value has a nonce of its own.
  const salt = random(saltBytes)
  return {
    async encrypt(value, { key, legacy = false } = {}) {
      checkValue(value, legacy)
      if (legacy) return encryptLegacy(value, secret, random)
      const nonce = random(nonceBytes)
      const header = sealedHeader({ bound: key !== undefined, cost, salt, nonce })
      const cipher = createCipheriv('aes-256-gcm', await derive(salt, cost), nonce)
      cipher.setAAD(associated(header, key))
      const sealed = [cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return formatSealed(header, Buffer.concat(sealed))
    },
    async decrypt(text, key) {
      const parsed = parseEncrypted(text)
      if (parsed === undefined) {
        throw new ConfigError(key ?? '', 'not a whole @encrypted:{...} value: copy it again, or encrypt anew')
      }
      if (parsed.form === 'legacy') return openLegacy(parsed, secret, key)
      if (parsed.bound && key === undefined) {
        throw new ConfigError('', 'the value is bound to the key it was encrypted for: name that key')
      }
      return open(parsed, await derive(parsed.salt, parsed.cost), key)
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

/** The header, as it is written, then the key: so no part of either can be exchanged. */
function associated(header: string, key: string | undefined): Buffer {
  return Buffer.from(key === undefined ? header : header + canonicalKey(key))
}

function open({ bound, header, nonce, sealed }: SealedValue, key: Buffer, place = ''): Secret {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(associated(header, bound ? place : undefined))
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  try {
    const bytes = [decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]
    return new Secret(Buffer.concat(bytes).toString('utf8'))
  } catch {
    const moved = bound ? ', or it was encrypted for another key' : ''
    throw new ConfigError(
      place,
      `the value does not open: the secret is another one, or the value was changed${moved}`,
    )
  }
}

const legacyAlgorithm = 'aes-128-cbc'

function legacyKey(secret: Secret): Buffer {
  return createHash('sha256').update(secret.reveal()).digest().subarray(0, 16)
}

function encryptLegacy(value: string, secret: Secret, random: KeyRingOptions['random']): string {
  const iv = random(16)
  const cipher = createCipheriv(legacyAlgorithm, legacyKey(secret), iv)
  return formatLegacy(iv, Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]))
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// The old form has no integrity: a wrong secret is known by bad padding, bytes that are no UTF-8, or control
// characters, which catches all but about one short value in a thousand.
function openLegacy({ iv, ciphertext }: LegacyValue, secret: Secret, place = ''): Secret {
  const decipher = createDecipheriv(legacyAlgorithm, legacyKey(secret), iv)
  try {
    const value = utf8.decode(Buffer.concat([decipher.update(ciphertext), decipher.final()]))
    if (value !== '' && !hasControls(value)) return new Secret(value)
  } catch {
    // Said below: padding and encoding fail for the same two reasons.
  }
  throw new ConfigError(place, 'the value does not open: the secret is another one, or the value was changed')
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text)
}

function keyDerivation(secret: Secret): (salt: Uint8Array, cost: Argon2idCost) => Promise<Buffer> {
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
