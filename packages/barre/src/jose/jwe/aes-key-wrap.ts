import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '../base64url.ts'
import { gcmIvBytes, gcmTagBytes } from './content-encryption.ts'
import type { CipherGCMTypes, KeyObject } from 'node:crypto'
import type { KeyManagement } from './key-management.ts'

/** RFC 7518 §4.4. */
export function aesKeyWrap(keyBytes: number): KeyManagement {
  return {
    fits: (key) => isSecretOf(key, keyBytes),
    wrapper: (key) => (contentKey) => ({
      contentKey,
      encryptedKey: wrapKey(key.export(), contentKey),
      parameters: {},
    }),
    unwrapper: (key) => (encryptedKey) => unwrapKey(key.export(), encryptedKey),
  }
}

/** RFC 3394 §2.2.3.1. */
const initialValue = Buffer.alloc(8, 0xa6)

/** Wraps a content key (RFC 3394) with an AES key of 16, 24 or 32 bytes. */
export function wrapKey(key: Buffer, contentKey: Buffer): Buffer {
  const wrapping = createCipheriv(`aes${key.length * 8}-wrap`, createSecretKey(key), initialValue)
  return Buffer.concat([wrapping.update(contentKey), wrapping.final()])
}

/** Throws when the encrypted key was not made with this key. */
export function unwrapKey(key: Buffer, encryptedKey: Buffer): Buffer {
  const unwrapping = createDecipheriv(`aes${key.length * 8}-wrap`, createSecretKey(key), initialValue)
  return Buffer.concat([unwrapping.update(encryptedKey), unwrapping.final()])
}

/** RFC 7518 §4.7: `iv` and `tag` travel in the header, at full length. */
export function aesGcmKeyWrap(keyBytes: number): KeyManagement {
  const cipher = `aes-${keyBytes * 8}-gcm` as CipherGCMTypes
  const options = { authTagLength: gcmTagBytes }
  return {
    fits: (key) => isSecretOf(key, keyBytes),
    wrapper: (key) => (contentKey) => {
      const iv = randomBytes(gcmIvBytes)
      const wrapping = createCipheriv(cipher, key, iv, options)
      const encryptedKey = Buffer.concat([wrapping.update(contentKey), wrapping.final()])
      const parameters = { iv: encodeBase64url(iv), tag: encodeBase64url(wrapping.getAuthTag()) }
      return { contentKey, encryptedKey, parameters }
    },
    headerProblem({ header }) {
      if (bytesOf(header['iv'])?.length !== gcmIvBytes) return 'the iv of the header is not 96 bits'
      return bytesOf(header['tag'])?.length === gcmTagBytes
        ? undefined
        : 'the tag of the header is not 128 bits'
    },
    unwrapper:
      (key) =>
      (encryptedKey, { header }) => {
        const iv = bytesOf(header['iv']) ?? Buffer.alloc(gcmIvBytes)
        const unwrapping = createDecipheriv(cipher, key, iv, options)
        unwrapping.setAuthTag(bytesOf(header['tag']) ?? Buffer.alloc(gcmTagBytes))
        return Buffer.concat([unwrapping.update(encryptedKey), unwrapping.final()])
      },
  }
}

/** Bytes of a header parameter, or nothing where it is not canonical base64url. */
export function bytesOf(parameter: unknown): Buffer | undefined {
  return typeof parameter === 'string' ? decodeBase64url(parameter) : undefined
}

function isSecretOf(key: KeyObject, keyBytes: number): boolean {
  return key.type === 'secret' && key.symmetricKeySize === keyBytes
}
