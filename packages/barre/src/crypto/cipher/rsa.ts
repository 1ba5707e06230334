import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import { ok, refuse } from '../../core/index.ts'
import { padOaep, unpadOaep } from './oaep-padding.ts'
import type { KeyObject } from 'node:crypto'
import type { Result } from '../../core/index.ts'
import type { OaepHashes } from './oaep-padding.ts'

export interface RsaOptions {
  /** The public key to encrypt, the private one to decrypt. */
  readonly key: KeyObject
}

type OaepHash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

export interface RsaOaepOptions extends RsaOptions {
  /** Default `sha256`. */
  readonly hash?: OaepHash
  /** Of MGF1; default as `hash`. Java takes `sha1` whatever the hash is, unless told otherwise. */
  readonly mgf1Hash?: OaepHash
  readonly label?: Uint8Array
}

/** RSA for short data, a key for example. */
export interface RsaCipher<Options extends RsaOptions> {
  /** Throws a TypeError for another type of key, and for data that are too long for it. */
  encrypt(plaintext: string | Uint8Array, options: Options): Buffer
  decrypt(ciphertext: Uint8Array, options: Options): Result<Buffer>
}

/** RSAES-OAEP: RFC 8017 §7.1. */
export const rsaOaep: RsaCipher<RsaOaepOptions> = rsaCipher({
  encrypt(plaintext, options) {
    const { key, label } = options
    const hashes = toHashes(options)
    if (hashes.hash === hashes.mgf1Hash) return publicEncrypt(toNodeOptions(key, hashes, label), plaintext)
    const padded = padOaep(plaintext, modulusBytes(key), hashes)
    if (padded === undefined) throw new RangeError('too long')
    return publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, padded)
  },
  decrypt(ciphertext, options) {
    const { key, label } = options
    const hashes = toHashes(options)
    if (hashes.hash === hashes.mgf1Hash) return privateDecrypt(toNodeOptions(key, hashes, label), ciphertext)
    return unpadOaep(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext), hashes)
  },
})

function toHashes({ hash = 'sha256', mgf1Hash = hash, label = Buffer.alloc(0) }: RsaOaepOptions): OaepHashes {
  return { hash, mgf1Hash, label }
}

function toNodeOptions(
  key: KeyObject,
  { hash }: OaepHashes,
  label: Uint8Array | undefined,
): Parameters<typeof publicEncrypt>[0] {
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return { key, padding, oaepHash: hash, ...(label !== undefined && { oaepLabel: label }) }
}

function modulusBytes(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

/**
 * RSAES-PKCS1-v1_5: RFC 8017 §7.2. What was not encrypted so decrypts to random bytes and not to an error:
 * an error that shows is how Bleichenbacher's attack reads messages.
 */
export const legacyRsaPkcs1: RsaCipher<RsaOptions> = rsaCipher({
  encrypt: (plaintext, { key }) => publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, plaintext),
  decrypt: (ciphertext, { key }) => privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, ciphertext),
})

interface Padding<Options> {
  encrypt(plaintext: Uint8Array, options: Options): Buffer
  decrypt(ciphertext: Uint8Array, options: Options): Buffer | undefined
}

function rsaCipher<Options extends RsaOptions>(padding: Padding<Options>): RsaCipher<Options> {
  return Object.freeze<RsaCipher<Options>>({
    encrypt(plaintext, options) {
      assertKey(options.key, 'public')
      try {
        return padding.encrypt(typeof plaintext === 'string' ? Buffer.from(plaintext) : plaintext, options)
      } catch (cause) {
        throw new TypeError('the data are too long for this RSA key', { cause })
      }
    },
    decrypt(ciphertext, options) {
      assertKey(options.key, 'private')
      const plaintext = tryDecrypt(() => padding.decrypt(ciphertext, options))
      return plaintext === undefined
        ? refuse('invalid', 'the ciphertext does not decrypt with this key')
        : ok(plaintext)
    },
  })
}

function tryDecrypt(decrypt: () => Buffer | undefined): Buffer | undefined {
  try {
    return decrypt()
  } catch {
    return undefined
  }
}

function assertKey(key: KeyObject, type: 'public' | 'private'): void {
  if (key.type === type && key.asymmetricKeyType === 'rsa') return
  const found = `${key.type} key of type ${key.asymmetricKeyType ?? 'secret'}`
  throw new TypeError(`expected a ${type} RSA key, found a ${found}`)
}
