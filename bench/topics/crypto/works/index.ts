import { ciphers } from './ciphers.ts'
import { digests } from './digests.ts'
import { encryptedTokens } from './encrypted-tokens.ts'
import { keyStores } from './key-stores.ts'
import { signatures } from './signatures.ts'
import type { Work } from '../work.ts'

export const works: readonly Work[] = [
  ...digests,
  ...ciphers,
  ...signatures,
  ...encryptedTokens,
  ...keyStores,
]
