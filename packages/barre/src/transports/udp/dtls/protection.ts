import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { CipherChaCha20Poly1305Types, CipherGCMTypes } from 'node:crypto'
import { number } from './bytes.ts'
import type { Aead } from './cipher-suites.ts'
import type { WriteKey } from './key-schedule.ts'
import { versions } from './record.ts'
import type { Record } from './record.ts'

/** Protects the records of one direction. */
export interface Protection {
  seal(record: Record): Buffer
  /** The plaintext; `undefined` where the record is not the other side's. */
  open(record: Record): Buffer | undefined
  /** What `seal` adds, in bytes. */
  readonly overheadBytes: number
}

const tagBytes = 16
const explicitNonceBytes = 8

export function createProtection(aead: Aead, { key, iv }: WriteKey): Protection {
  // Both are AEAD modes with the same calls; node's types know them by name.
  const name = aead.name as CipherGCMTypes & CipherChaCha20Poly1305Types
  const options = { authTagLength: tagBytes }
  const explicitBytes = aead.isNonceExplicit ? explicitNonceBytes : 0
  return {
    overheadBytes: explicitBytes + tagBytes,
    seal(record) {
      const counter = counterOf(record)
      const cipher = createCipheriv(name, key, nonceOf(iv, counter), options)
      cipher.setAAD(additionalData(record, counter, record.payload.length), {
        plaintextLength: record.payload.length,
      })
      const sealed = [cipher.update(record.payload), cipher.final(), cipher.getAuthTag()]
      return Buffer.concat(aead.isNonceExplicit ? [counter, ...sealed] : sealed)
    },
    open(record) {
      const length = record.payload.length - explicitBytes - tagBytes
      if (length < 0) return undefined
      const counter = counterOf(record)
      const explicit = aead.isNonceExplicit ? record.payload.subarray(0, explicitBytes) : counter
      const decipher = createDecipheriv(name, key, nonceOf(iv, explicit), options)
      decipher.setAAD(additionalData(record, counter, length), { plaintextLength: length })
      decipher.setAuthTag(record.payload.subarray(explicitBytes + length))
      const plaintext = decipher.update(record.payload.subarray(explicitBytes, explicitBytes + length))
      try {
        decipher.final()
        return plaintext
      } catch {
        return undefined
      }
    },
  }
}

/** Epoch and sequence number: no two records of a connection have the same (RFC 6347 §4.1.2.1). */
function counterOf({ epoch, sequence }: Record): Buffer {
  return Buffer.concat([number(epoch, 2), number(sequence, 6)])
}

/** RFC 5288 §3 puts the counter behind a salt of 4 bytes; RFC 7905 §2 XORs it into 12. */
function nonceOf(iv: Buffer, counter: Buffer): Buffer {
  if (iv.length === 4) return Buffer.concat([iv, counter])
  const nonce = Buffer.from(iv)
  for (const [index, octet] of counter.entries()) nonce[4 + index]! ^= octet
  return nonce
}

/** RFC 5246 §6.2.3.3. */
function additionalData({ type }: Record, counter: Buffer, length: number): Buffer {
  return Buffer.concat([counter, Buffer.of(type), number(versions.dtls12, 2), number(length, 2)])
}
