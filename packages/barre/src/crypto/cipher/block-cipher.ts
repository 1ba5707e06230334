import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { ok, refuse } from '../../core/index.ts'
import { aesKeyBits } from './aes-key.ts'
import { DecryptionError } from './decryption-error.ts'
import type { Cipheriv, Decipheriv } from 'node:crypto'
import type { Result } from '../../core/index.ts'

export interface BlockCipherOptions {
  /** 16, 24 or 32 bytes. */
  readonly key: Uint8Array
  /** `none` wants data of whole blocks of 16 bytes; default `pkcs7` (which Java calls PKCS5). */
  readonly padding?: 'pkcs7' | 'none'
}

/** AES without any protection against changes: put an HMAC over it, or take `aesGcm`. */
export interface BlockCipher<Options extends BlockCipherOptions> {
  /** Throws a TypeError for data of broken blocks without padding. */
  encrypt(plaintext: string | Uint8Array, options: Options): Buffer
  /** `invalid` for broken blocks or padding; other changes go unnoticed. */
  decrypt(ciphertext: Uint8Array, options: Options): Result<Buffer>
  encryptStream(plaintext: AsyncIterable<string | Uint8Array>, options: Options): AsyncIterable<Buffer>
  /** Throws DecryptionError at its end. */
  decryptStream(ciphertext: AsyncIterable<Uint8Array>, options: Options): AsyncIterable<Buffer>
}

export type Mode<Options> = { readonly name: 'cbc' | 'ecb'; iv(options: Options): Uint8Array | null }

export function blockCipher<Options extends BlockCipherOptions>(mode: Mode<Options>): BlockCipher<Options> {
  const nameOf = ({ key }: Options): string => `aes-${aesKeyBits(key)}-${mode.name}`
  function encipher(options: Options): Cipheriv {
    return createCipheriv(nameOf(options), createSecretKey(options.key), mode.iv(options)).setAutoPadding(
      options.padding !== 'none',
    )
  }
  function decipher(options: Options): Decipheriv {
    return createDecipheriv(nameOf(options), createSecretKey(options.key), mode.iv(options)).setAutoPadding(
      options.padding !== 'none',
    )
  }
  return Object.freeze({
    encrypt(plaintext, options) {
      const cipher = encipher(options)
      return Buffer.concat([cipher.update(toBytes(plaintext)), finishEncryption(cipher)])
    },
    decrypt(ciphertext, options) {
      const cipher = decipher(options)
      try {
        return ok(Buffer.concat([cipher.update(ciphertext), cipher.final()]))
      } catch {
        return refuse('invalid', 'the ciphertext does not decrypt with this key')
      }
    },
    async *encryptStream(plaintext, options) {
      const cipher = encipher(options)
      for await (const chunk of plaintext) yield cipher.update(toBytes(chunk))
      yield finishEncryption(cipher)
    },
    async *decryptStream(ciphertext, options) {
      const cipher = decipher(options)
      for await (const chunk of ciphertext) yield cipher.update(chunk)
      yield finishDecryption(cipher)
    },
  } satisfies BlockCipher<Options>)
}

function finishEncryption(cipher: Cipheriv): Buffer {
  try {
    return cipher.final()
  } catch (cause) {
    throw new TypeError('without padding the data must be whole blocks of 16 bytes', { cause })
  }
}

function finishDecryption(cipher: Decipheriv): Buffer {
  try {
    return cipher.final()
  } catch (cause) {
    throw new DecryptionError('the stream does not decrypt with this key', { cause })
  }
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data
}
