import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { ok, refuse } from '../../core/index.ts'
import { DecryptionError } from './decryption-error.ts'
import type { CipherGCM, DecipherGCM, KeyObject } from 'node:crypto'
import type { Result } from '../../core/index.ts'

export interface AeadOptions {
  readonly key: Uint8Array
  /** Never the same twice with one key: two messages under one nonce reveal both, and the key's power to sign. */
  readonly nonce: Uint8Array
  /** Authenticated, not encrypted: must be given again to decrypt. */
  readonly additionalData?: Uint8Array
}

/** A cipher that notices every change. Its output is the ciphertext with the tag behind it, as Java has it. */
export interface Aead<Options extends AeadOptions = AeadOptions> {
  encrypt(plaintext: string | Uint8Array, options: Options): Buffer
  /** `invalid` for anything that was not encrypted with these options. */
  decrypt(ciphertext: Uint8Array, options: Options): Result<Buffer>
  encryptStream(plaintext: AsyncIterable<string | Uint8Array>, options: Options): AsyncIterable<Buffer>
  /**
   * Nothing that it yields may be acted upon before it has ended: only then is the tag known to be right.
   * Throws DecryptionError.
   */
  decryptStream(ciphertext: AsyncIterable<Uint8Array>, options: Options): AsyncIterable<Buffer>
}

/** What tells one cipher from another; the checks throw TypeError. */
export interface AeadRow<Options> {
  cipherName(options: Options): 'aes-256-gcm'
  tagBytes(options: Options): number
}

export function aead<Options extends AeadOptions>(row: AeadRow<Options>): Aead<Options> {
  function encipher(options: Options): CipherGCM {
    const authTagLength = row.tagBytes(options)
    const cipher = createCipheriv(row.cipherName(options), toKeyObject(options), options.nonce, {
      authTagLength,
    })
    if (options.additionalData !== undefined) cipher.setAAD(options.additionalData)
    return cipher
  }
  function decipher(options: Options): DecipherGCM {
    const authTagLength = row.tagBytes(options)
    const cipher = createDecipheriv(row.cipherName(options), toKeyObject(options), options.nonce, {
      authTagLength,
    })
    if (options.additionalData !== undefined) cipher.setAAD(options.additionalData)
    return cipher
  }
  return Object.freeze({
    encrypt(plaintext, options) {
      const cipher = encipher(options)
      const parts = [cipher.update(toBytes(plaintext)), cipher.final()]
      return Buffer.concat([...parts, cipher.getAuthTag()])
    },
    decrypt(ciphertext, options) {
      const cipher = decipher(options)
      const split = ciphertext.length - row.tagBytes(options)
      if (split < 0) return refuse('invalid', 'the ciphertext is shorter than its tag')
      try {
        cipher.setAuthTag(ciphertext.subarray(split))
        return ok(Buffer.concat([cipher.update(ciphertext.subarray(0, split)), cipher.final()]))
      } catch {
        return refuse('invalid', 'the ciphertext was not made with this key, nonce and additional data')
      }
    },
    async *encryptStream(plaintext, options) {
      const cipher = encipher(options)
      for await (const chunk of plaintext) yield cipher.update(toBytes(chunk))
      yield cipher.final()
      yield cipher.getAuthTag()
    },
    async *decryptStream(ciphertext, options) {
      const cipher = decipher(options)
      let held: Uint8Array = Buffer.alloc(0)
      // The last bytes are the tag, and only the end tells which are the last.
      for await (const chunk of ciphertext) {
        const bytes = Buffer.concat([held, chunk])
        const split = Math.max(0, bytes.length - row.tagBytes(options))
        held = bytes.subarray(split)
        if (split > 0) yield cipher.update(bytes.subarray(0, split))
      }
      finish(cipher, held)
    },
  } satisfies Aead<Options>)
}

function finish(cipher: DecipherGCM, tag: Uint8Array): void {
  try {
    cipher.setAuthTag(tag)
    cipher.final()
  } catch (cause) {
    throw new DecryptionError('the stream was not made with this key, nonce and additional data', { cause })
  }
}

/** node:crypto is twice as slow with bytes as with a KeyObject of them. */
function toKeyObject({ key }: AeadOptions): KeyObject {
  return createSecretKey(key)
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data
}
