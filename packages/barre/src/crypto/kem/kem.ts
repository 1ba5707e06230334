import { createHash, decapsulate, encapsulate } from 'node:crypto'
import { ok, refuse } from '../../core/index.ts'
import type { KeyObject } from 'node:crypto'
import type { Result } from '../../core/index.ts'

/** A fresh shared secret, and what its receiver needs to find it too. */
export interface Encapsulation {
  readonly encapsulated: Buffer
  /** Key material for `hkdf`, not a key to use as it is. */
  readonly sharedSecret: Buffer
}

/** A way to agree on a secret with the owner of a private key. */
export interface Kem<PublicKey, PrivateKey> {
  /** Throws a TypeError for another type of key. */
  encapsulate(publicKey: PublicKey): Encapsulation
  /** `malformed` for a wrong length. Changed bytes of the right length give another secret, not an error. */
  decapsulate(encapsulated: Uint8Array, privateKey: PrivateKey): Result<Buffer>
}

/** FIPS 203, table 3. */
const mlKem768Bytes = 1088

/** ML-KEM-768: FIPS 203. */
export const mlKem768: Kem<KeyObject, KeyObject> = nodeKem({
  keyType: 'ml-kem-768',
  encapsulatedBytes: () => mlKem768Bytes,
  toSecret: (sharedKey) => sharedKey,
})

/** RSA-KEM with KDF2 and SHA-256: ISO/IEC 18033-2 §11, a secret of 32 bytes. */
export const rsaKem: Kem<KeyObject, KeyObject> = nodeKem({
  keyType: 'rsa',
  encapsulatedBytes: ({ asymmetricKeyDetails }) => Math.ceil((asymmetricKeyDetails?.modulusLength ?? 0) / 8),
  // KDF2's one round: its counter starts at 1.
  toSecret: (sharedKey) =>
    createHash('sha256')
      .update(sharedKey)
      .update(Buffer.of(0, 0, 0, 1))
      .digest(),
})

/** A key of each of the two. */
export interface HybridKeys {
  readonly rsa: KeyObject
  readonly mlKem: KeyObject
}

/** RSA-KEM and ML-KEM-768 side by side, the two secrets one behind the other: safe while either is. */
export const rsaKemMlKem768: Kem<HybridKeys, HybridKeys> = Object.freeze({
  encapsulate({ rsa, mlKem }: HybridKeys): Encapsulation {
    const [one, other] = [rsaKem.encapsulate(rsa), mlKem768.encapsulate(mlKem)]
    return {
      encapsulated: Buffer.concat([one.encapsulated, other.encapsulated]),
      sharedSecret: Buffer.concat([one.sharedSecret, other.sharedSecret]),
    }
  },
  decapsulate(encapsulated: Uint8Array, { rsa, mlKem }: HybridKeys): Result<Buffer> {
    const split = Math.max(0, encapsulated.length - mlKem768Bytes)
    const one = rsaKem.decapsulate(encapsulated.subarray(0, split), rsa)
    const other = mlKem768.decapsulate(encapsulated.subarray(split), mlKem)
    if (!one.ok) return one
    return other.ok ? ok(Buffer.concat([one.value, other.value])) : other
  },
})

interface NodeKem {
  readonly keyType: string
  encapsulatedBytes(privateKey: KeyObject): number
  toSecret(sharedKey: Buffer): Buffer
}

function nodeKem(row: NodeKem): Kem<KeyObject, KeyObject> {
  const { keyType } = row
  function assertKey(key: KeyObject, type: 'public' | 'private'): void {
    if (key.type === type && key.asymmetricKeyType === keyType) return
    const found = `${key.type} key of type ${key.asymmetricKeyType ?? 'secret'}`
    throw new TypeError(`expected a ${type} key of type ${keyType}, found a ${found}`)
  }
  return Object.freeze({
    encapsulate(publicKey: KeyObject): Encapsulation {
      assertKey(publicKey, 'public')
      const { sharedKey, ciphertext } = encapsulate(publicKey)
      return { encapsulated: ciphertext, sharedSecret: row.toSecret(sharedKey) }
    },
    decapsulate(encapsulated: Uint8Array, privateKey: KeyObject): Result<Buffer> {
      assertKey(privateKey, 'private')
      const expected = row.encapsulatedBytes(privateKey)
      if (encapsulated.length !== expected) {
        return refuse('malformed', `expected ${expected} bytes, found ${encapsulated.length}`)
      }
      try {
        return ok(row.toSecret(decapsulate(privateKey, encapsulated)))
      } catch {
        return refuse('invalid', 'the bytes encapsulate nothing for this key')
      }
    },
  })
}
