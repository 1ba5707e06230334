import { legacyAesEcb } from '../cipher/index.ts'
import { hkdf } from '../kdf/index.ts'
import { mlKem768, rsaKemMlKem768 } from './kem.ts'
import type { KeyObject } from 'node:crypto'
import type { Result } from '../../core/index.ts'
import type { Sealed } from './hpke.ts'
import type { HybridKeys, Kem } from './kem.ts'

export interface LegacyHpkeOptions {
  /** Of the AES key; default 32. */
  readonly keyBytes?: 16 | 24 | 32
}

interface LegacyHpke<Keys> {
  seal(plaintext: string | Uint8Array, options: LegacyHpkeOptions & { readonly publicKey: Keys }): Sealed
  open(
    ciphertext: Uint8Array,
    options: LegacyHpkeOptions & { readonly privateKey: Keys; readonly encapsulated: Uint8Array },
  ): Result<Buffer>
}

/**
 * What Ballerina calls HPKE: a KEM, HKDF-SHA-256, then AES-ECB, which nothing protects against changes. Only to
 * exchange messages with it; `hpke` is the standard.
 */
export const legacyHpke: {
  readonly mlKem768: LegacyHpke<KeyObject>
  readonly rsaKemMlKem768: LegacyHpke<HybridKeys>
} = Object.freeze({ mlKem768: over(mlKem768), rsaKemMlKem768: over(rsaKemMlKem768) })

function over<Keys>(kem: Kem<Keys, Keys>): LegacyHpke<Keys> {
  return Object.freeze<LegacyHpke<Keys>>({
    seal(plaintext, { publicKey, keyBytes = 32 }) {
      const { encapsulated, sharedSecret } = kem.encapsulate(publicKey)
      const key = hkdf(sharedSecret, { length: keyBytes })
      return { encapsulated, ciphertext: legacyAesEcb.encrypt(plaintext, { key }) }
    },
    open(ciphertext, { privateKey, encapsulated, keyBytes = 32 }) {
      const secret = kem.decapsulate(encapsulated, privateKey)
      if (!secret.ok) return secret
      return legacyAesEcb.decrypt(ciphertext, { key: hkdf(secret.value, { length: keyBytes }) })
    },
  })
}
