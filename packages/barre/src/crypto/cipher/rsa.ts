import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import { ok, refuse } from '../../core/index.ts'
import type { KeyObject } from 'node:crypto'
import type { Result } from '../../core/index.ts'

export interface RsaOaepOptions {
  /** Of both the label and MGF1; default `sha256`. */
  readonly hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512'
  readonly label?: Uint8Array
}

interface RsaOptions extends RsaOaepOptions {
  readonly key: KeyObject
}

/** RSA for short data, a key for example: with the public key in, with the private key out. */
export interface RsaCipher<Options> {
  /** Throws a TypeError for another type of key, and for data that are too long for it. */
  encrypt(plaintext: string | Uint8Array, options: Options & { readonly key: KeyObject }): Buffer
  decrypt(ciphertext: Uint8Array, options: Options & { readonly key: KeyObject }): Result<Buffer>
}

/** RSAES-OAEP: RFC 8017 §7.1. */
export const rsaOaep: RsaCipher<RsaOaepOptions> = rsaCipher(constants.RSA_PKCS1_OAEP_PADDING)

/**
 * RSAES-PKCS1-v1_5: RFC 8017 §7.2. What was not encrypted so decrypts to random bytes and not to an error:
 * an error that shows is how Bleichenbacher's attack reads messages.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- there is nothing to choose
export const legacyRsaPkcs1: RsaCipher<{}> = rsaCipher(constants.RSA_PKCS1_PADDING)

function rsaCipher(padding: number): RsaCipher<RsaOaepOptions> {
  return Object.freeze({
    encrypt(plaintext: string | Uint8Array, options: RsaOptions) {
      assertKey(options.key, 'public')
      try {
        return publicEncrypt(toNodeOptions(options, padding), Buffer.from(plaintext as Uint8Array))
      } catch (cause) {
        throw new TypeError('the data are too long for this RSA key', { cause })
      }
    },
    decrypt(ciphertext: Uint8Array, options: RsaOptions) {
      assertKey(options.key, 'private')
      try {
        return ok(privateDecrypt(toNodeOptions(options, padding), ciphertext))
      } catch {
        return refuse('invalid', 'the ciphertext does not decrypt with this key')
      }
    },
  })
}

function assertKey(key: KeyObject, type: 'public' | 'private'): void {
  if (key.type === type && key.asymmetricKeyType === 'rsa') return
  throw new TypeError(
    `expected a ${type} RSA key, found a ${key.type} key of type ${key.asymmetricKeyType ?? 'secret'}`,
  )
}

function toNodeOptions(
  { key, hash = 'sha256', label }: RsaOptions,
  padding: number,
): Parameters<typeof publicEncrypt>[0] {
  const isOaep = padding === constants.RSA_PKCS1_OAEP_PADDING
  return { key, padding, ...(isOaep && { oaepHash: hash, ...(label && { oaepLabel: label }) }) }
}
