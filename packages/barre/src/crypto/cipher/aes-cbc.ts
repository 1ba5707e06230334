import { blockCipher } from './block-cipher.ts'
import type { BlockCipher, BlockCipherOptions } from './block-cipher.ts'

export interface AesCbcOptions extends BlockCipherOptions {
  /** 16 random bytes, new for every message. */
  readonly iv: Uint8Array
}

/** AES-CBC (NIST SP 800-38A): for formats that have it. Without a MAC it answers questions of an attacker. */
export const aesCbc: BlockCipher<AesCbcOptions> = blockCipher<AesCbcOptions>({
  name: 'cbc',
  iv({ iv }) {
    if (iv.length === 16) return iv
    throw new TypeError(`an AES-CBC IV has 16 bytes, this one has ${iv.length}`)
  },
})
