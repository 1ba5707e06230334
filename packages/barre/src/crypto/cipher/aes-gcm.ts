import { aead } from './aead.ts'
import { aesKeyBits } from './aes-key.ts'
import type { Aead, AeadOptions } from './aead.ts'

export interface AesGcmOptions extends AeadOptions {
  /** From 12 to 16; default 16. Shorter tags can be guessed. */
  readonly tagBytes?: number
}

const nonceBytes = { min: 12, max: 16 }
const tagSize = { min: 12, max: 16 }

/** AES-GCM (NIST SP 800-38D) with a key of 16, 24 or 32 bytes and a nonce of 12 to 16; 12 is the good length. */
export const aesGcm: Aead<AesGcmOptions> = aead<AesGcmOptions>({
  cipherName({ key, nonce }) {
    if (nonce.length < nonceBytes.min || nonce.length > nonceBytes.max) {
      throw new TypeError(
        `an AES-GCM nonce has ${nonceBytes.min} to ${nonceBytes.max} bytes, this one has ${nonce.length}`,
      )
    }
    return `aes-${aesKeyBits(key)}-gcm` as 'aes-256-gcm'
  },
  tagBytes({ tagBytes = tagSize.max }) {
    if (Number.isInteger(tagBytes) && tagBytes >= tagSize.min && tagBytes <= tagSize.max) return tagBytes
    throw new TypeError(`an AES-GCM tag has ${tagSize.min} to ${tagSize.max} bytes`)
  },
})
