import { blockCipher } from './block-cipher.ts'
import type { BlockCipher, BlockCipherOptions } from './block-cipher.ts'

/** AES-ECB shows which blocks of the data are equal: only to read and write what old programs understand. */
export const legacyAesEcb: BlockCipher<BlockCipherOptions> = blockCipher({ name: 'ecb', iv: () => null })
