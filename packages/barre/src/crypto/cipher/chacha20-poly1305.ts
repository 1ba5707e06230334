import { aead } from './aead.ts'
import type { Aead } from './aead.ts'

/** ChaCha20-Poly1305 (RFC 8439) with a key of 32 bytes and a nonce of 12. */
export const chaCha20Poly1305: Aead = aead({
  cipherName({ key, nonce }) {
    if (key.length !== 32) throw new TypeError(`a ChaCha20 key has 32 bytes, this one has ${key.length}`)
    if (nonce.length !== 12)
      throw new TypeError(`a ChaCha20-Poly1305 nonce has 12 bytes, this one has ${nonce.length}`)
    // Node types its ciphers by name; this one behaves as GCM does.
    return 'chacha20-poly1305' as 'aes-256-gcm'
  },
  tagBytes: () => 16,
})
