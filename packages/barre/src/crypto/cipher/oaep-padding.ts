import { hash, randomBytes } from 'node:crypto'

export interface OaepHashes {
  /** Of the label. */
  readonly hash: string
  readonly mgf1Hash: string
  readonly label: Uint8Array
}

/** EME-OAEP encoding, RFC 8017 §7.1.1, step 2; `undefined` when the message is too long. */
export function padOaep(message: Uint8Array, size: number, hashes: OaepHashes): Buffer | undefined {
  const labelHash = hash(hashes.hash, hashes.label, 'buffer')
  const zeros = size - message.length - 2 * labelHash.length - 2
  if (zeros < 0) return undefined
  const block = Buffer.concat([labelHash, Buffer.alloc(zeros), Buffer.of(1), message])
  const seed = randomBytes(labelHash.length)
  const maskedBlock = xor(block, mask(seed, block.length, hashes.mgf1Hash))
  const maskedSeed = xor(seed, mask(maskedBlock, seed.length, hashes.mgf1Hash))
  return Buffer.concat([Buffer.of(0), maskedSeed, maskedBlock])
}

/**
 * EME-OAEP decoding, RFC 8017 §7.1.2, step 3; `undefined` for any fault. Every byte is looked at, and no branch
 * depends on one before the verdict: telling the faults apart would be Manger's attack.
 */
export function unpadOaep(encoded: Uint8Array, hashes: OaepHashes): Buffer | undefined {
  const labelHash = hash(hashes.hash, hashes.label, 'buffer')
  const digestBytes = labelHash.length
  if (encoded.length < 2 * digestBytes + 2) return undefined
  const maskedBlock = encoded.subarray(1 + digestBytes)
  const seed = xor(encoded.subarray(1, 1 + digestBytes), mask(maskedBlock, digestBytes, hashes.mgf1Hash))
  const block = xor(maskedBlock, mask(seed, maskedBlock.length, hashes.mgf1Hash))
  let fault = encoded[0]!
  for (let index = 0; index < digestBytes; index++) fault |= block[index]! ^ labelHash[index]!
  let searching = 1
  let start = 0
  for (let index = digestBytes; index < block.length; index++) {
    const isOne = isZero(block[index]! ^ 1)
    start |= index * (searching & isOne)
    searching &= 1 ^ isOne
    fault |= block[index]! * searching
  }
  return (fault | searching) === 0 ? block.subarray(start + 1) : undefined
}

/** 1 for 0, 0 for any other byte. */
function isZero(octet: number): number {
  return ((octet - 1) >>> 31) & 1
}

/** MGF1: RFC 8017 §B.2.1. */
function mask(seed: Uint8Array, length: number, algorithm: string): Buffer {
  const blocks: Buffer[] = []
  for (let size = 0, counter = 0; size < length; size += blocks.at(-1)!.length, counter++) {
    const suffix = Buffer.alloc(4)
    suffix.writeUInt32BE(counter)
    blocks.push(hash(algorithm, Buffer.concat([seed, suffix]), 'buffer'))
  }
  return Buffer.concat(blocks).subarray(0, length)
}

function xor(one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(one.map((octet, index) => octet ^ other[index]!))
}
