import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { KeyManagement } from './key-management.ts'

/** RFC 7518 §4.3; the hash of the mask is that of the padding. */
export function rsaOaep(oaepHash: string): KeyManagement {
  const prepare = (key: KeyObject) => ({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash })
  return {
    fits: isRsa,
    wrapper(key) {
      const prepared = prepare(key)
      return (contentKey) => ({
        contentKey,
        encryptedKey: publicEncrypt(prepared, contentKey),
        parameters: {},
      })
    },
    unwrapper(key) {
      const prepared = prepare(key)
      return (encryptedKey) => privateDecrypt(prepared, encryptedKey)
    },
  }
}

/**
 * RFC 7518 §4.2, for reading only. OpenSSL answers a broken padding with pseudo-random bytes instead of an
 * error, so that what follows fails as it fails for a wrong key (RFC 3218).
 */
export function rsaPkcs1(): KeyManagement {
  return {
    legacy: true,
    fits: isRsa,
    unwrapper: (key) => (encryptedKey) =>
      privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, encryptedKey),
  }
}

function isRsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'rsa'
}
