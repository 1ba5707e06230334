import { createCipheriv, createDecipheriv, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { CipherGCMTypes } from 'node:crypto'

/** The content encryptions, by their registered `enc` names (RFC 7518 §5.1). */
export type JweEncryption =
  | 'A128GCM'
  | 'A192GCM'
  | 'A256GCM'
  | 'A128CBC-HS256'
  | 'A192CBC-HS384'
  | 'A256CBC-HS512'

/** What authenticated encryption makes of a plaintext. */
export interface Sealed {
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

/** What is known of a content encryption; nothing outside this file asks which one it is. */
export interface ContentEncryption {
  readonly keyBytes: number
  readonly ivBytes: number
  encrypt(key: Buffer, iv: Buffer, additionalData: Buffer, plaintext: Buffer): Sealed
  /** Nothing unless every byte is what was encrypted with this key; `key` has `keyBytes`. */
  decrypt(key: Buffer, iv: Buffer, additionalData: Buffer, sealed: Sealed): Buffer | undefined
}

/** The length of every GCM tag here: OpenSSL would take shorter ones, which are easier to forge. */
export const gcmTagBytes = 16
export const gcmIvBytes = 12

const cbcIvBytes = 16

// Keys are made KeyObjects everywhere: node:crypto is twice as slow with bytes.

/** One row per content encryption: adding one is adding its name above and its row here. */
export const contentEncryptions: Readonly<Record<JweEncryption, ContentEncryption>> = {
  A128GCM: gcm('aes-128-gcm', 16),
  A192GCM: gcm('aes-192-gcm', 24),
  A256GCM: gcm('aes-256-gcm', 32),
  'A128CBC-HS256': cbcHmac('aes-128-cbc', 'sha256', 16),
  'A192CBC-HS384': cbcHmac('aes-192-cbc', 'sha384', 24),
  'A256CBC-HS512': cbcHmac('aes-256-cbc', 'sha512', 32),
}

export const jweEncryptionNames = Object.freeze(Object.keys(contentEncryptions)) as readonly JweEncryption[]

export function isJweEncryption(name: unknown): name is JweEncryption {
  return typeof name === 'string' && Object.hasOwn(contentEncryptions, name)
}

function gcm(cipher: CipherGCMTypes, keyBytes: number): ContentEncryption {
  return {
    keyBytes,
    ivBytes: gcmIvBytes,
    encrypt(key, iv, additionalData, plaintext) {
      const encryption = createCipheriv(cipher, createSecretKey(key), iv, { authTagLength: gcmTagBytes })
      encryption.setAAD(additionalData)
      const ciphertext = Buffer.concat([encryption.update(plaintext), encryption.final()])
      return { ciphertext, tag: encryption.getAuthTag() }
    },
    decrypt(key, iv, additionalData, { ciphertext, tag }) {
      if (iv.length !== gcmIvBytes || tag.length !== gcmTagBytes) return undefined
      const decryption = createDecipheriv(cipher, createSecretKey(key), iv, { authTagLength: gcmTagBytes })
      decryption.setAAD(additionalData)
      decryption.setAuthTag(tag)
      return finish(decryption, ciphertext)
    },
  }
}

/** RFC 7518 §5.2: the first half of the key is for HMAC, the second for AES; half of the HMAC is the tag. */
function cbcHmac(cipher: string, hash: string, halfBytes: number): ContentEncryption {
  const tagOf = (key: Buffer, iv: Buffer, additionalData: Buffer, ciphertext: Buffer): Buffer => {
    const bits = Buffer.alloc(8)
    bits.writeBigUInt64BE(BigInt(additionalData.length) * 8n)
    const mac = createHmac(hash, createSecretKey(key.subarray(0, halfBytes)))
    for (const part of [additionalData, iv, ciphertext, bits]) mac.update(part)
    return mac.digest().subarray(0, halfBytes)
  }
  return {
    keyBytes: halfBytes * 2,
    ivBytes: cbcIvBytes,
    encrypt(key, iv, additionalData, plaintext) {
      const encryption = createCipheriv(cipher, createSecretKey(key.subarray(halfBytes)), iv)
      const ciphertext = Buffer.concat([encryption.update(plaintext), encryption.final()])
      return { ciphertext, tag: tagOf(key, iv, additionalData, ciphertext) }
    },
    decrypt(key, iv, additionalData, { ciphertext, tag }) {
      if (iv.length !== cbcIvBytes || tag.length !== halfBytes) return undefined
      // The tag before any padding is looked at: a padding that shows is an oracle.
      if (!timingSafeEqual(tagOf(key, iv, additionalData, ciphertext), tag)) return undefined
      return finish(createDecipheriv(cipher, createSecretKey(key.subarray(halfBytes)), iv), ciphertext)
    },
  }
}

function finish(decryption: { update(data: Buffer): Buffer; final(): Buffer }, ciphertext: Buffer) {
  try {
    return Buffer.concat([decryption.update(ciphertext), decryption.final()])
  } catch {
    return undefined
  }
}
