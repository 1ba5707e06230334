import { hkdfSync } from 'node:crypto'
import { Secret } from '../../core/index.ts'

export interface HkdfOptions {
  /** How many bytes: from 1 to 255 times the digest's length. */
  readonly length: number
  /** Default `sha256`. */
  readonly hash?: 'sha256' | 'sha384' | 'sha512'
  readonly salt?: string | Uint8Array
  /** What the key is for: other words give another key. */
  readonly info?: string | Uint8Array
}

/** Derives a key from good key material (RFC 5869); from a password it would be no protection. */
export function hkdf(keyMaterial: Uint8Array | Secret, options: HkdfOptions): Buffer {
  const { length, hash = 'sha256', salt = '', info = '' } = options
  if (!Number.isInteger(length) || length < 1) throw new TypeError('expected a length of at least one byte')
  const material = keyMaterial instanceof Secret ? keyMaterial.reveal() : keyMaterial
  return Buffer.from(hkdfSync(hash, material, salt, info, length))
}
