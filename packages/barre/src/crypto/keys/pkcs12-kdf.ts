import { hash } from 'node:crypto'

/** What the derived bytes are for: RFC 7292 §B.3. */
export const purposes = { key: 1, iv: 2, mac: 3 } as const

export interface Pkcs12Derivation {
  /** As node:crypto names it. */
  readonly digest: string
  readonly salt: Uint8Array
  readonly iterations: number
  readonly purpose: number
  readonly length: number
}

/** The key derivation of PKCS#12 itself (RFC 7292 §B.2), which only its old encryption and its MAC use. */
export function derivePkcs12(password: string, derivation: Pkcs12Derivation): Buffer {
  const { digest, salt, iterations, purpose, length } = derivation
  const blockBytes = digest === 'sha384' || digest === 'sha512' ? 128 : 64
  const diversifier = Buffer.alloc(blockBytes, purpose)
  const input = Buffer.concat([fill(salt, blockBytes), fill(toBmpBytes(password), blockBytes)])
  const derived: Buffer[] = []
  for (let size = 0; size < length; size += derived.at(-1)!.length) {
    let block = hash(digest, Buffer.concat([diversifier, input]), 'buffer')
    for (let round = 1; round < iterations; round++) block = hash(digest, block, 'buffer')
    derived.push(block)
    addToEach(input, fill(block, blockBytes).subarray(0, blockBytes))
  }
  return Buffer.concat(derived).subarray(0, length)
}

/** RFC 7292 §B.1: UTF-16 in network order, with a zero at the end. */
function toBmpBytes(password: string): Buffer {
  return Buffer.concat([Buffer.from(password, 'utf16le').swap16(), Buffer.alloc(2)])
}

/** Repeats the bytes until whole blocks are full. */
function fill(bytes: Uint8Array, blockBytes: number): Buffer {
  const size = Math.ceil(bytes.length / blockBytes) * blockBytes
  return size === 0 ? Buffer.alloc(0) : Buffer.alloc(size, bytes)
}

/** Adds `addend` + 1 to each block, as big-endian numbers. */
function addToEach(blocks: Buffer, addend: Buffer): void {
  const blockBytes = addend.length
  for (let start = 0; start < blocks.length; start += blockBytes) {
    let carry = 1
    for (let index = blockBytes - 1; index >= 0; index--) {
      carry += blocks[start + index]! + addend[index]!
      blocks[start + index] = carry & 0xff
      carry >>= 8
    }
  }
}
