import { KeyError } from './key-error.ts'
import { rc2Pi } from './rc2-pi.ts'

const blockBytes = 8

/**
 * Decrypts RC2-CBC with PKCS#7 padding (RFC 2268); `effectiveBits` is 40 in the stores that still hold it.
 * For reading only: old key stores hide their certificates so, and OpenSSL has it no more.
 */
export function decryptRc2Cbc(
  ciphertext: Uint8Array,
  key: Uint8Array,
  iv: Uint8Array,
  effectiveBits: number,
): Buffer {
  if (ciphertext.length === 0 || ciphertext.length % blockBytes !== 0) {
    throw new KeyError('malformed', 'RC2: the ciphertext is not made of whole blocks')
  }
  const schedule = expandKey(key, effectiveBits)
  const plain = Buffer.alloc(ciphertext.length)
  let previous: Uint8Array = iv
  for (let offset = 0; offset < ciphertext.length; offset += blockBytes) {
    const block = ciphertext.subarray(offset, offset + blockBytes)
    const opened = decryptBlock(block, schedule)
    for (let index = 0; index < blockBytes; index++) {
      plain[offset + index] = opened[index]! ^ previous[index]!
    }
    previous = block
  }
  return unpad(plain)
}

function unpad(plain: Buffer): Buffer {
  const count = plain.at(-1)!
  const isPadding =
    count >= 1 && count <= blockBytes && plain.subarray(-count).every((octet) => octet === count)
  if (!isPadding) throw new KeyError('wrong_password', 'RC2: the padding is wrong')
  return plain.subarray(0, plain.length - count)
}

/** RFC 2268 §2. */
function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const octets = new Uint8Array(128)
  octets.set(key)
  for (let index = key.length; index < 128; index++) {
    octets[index] = rc2Pi[(octets[index - 1]! + octets[index - key.length]!) & 0xff]!
  }
  const effectiveBytes = Math.ceil(effectiveBits / 8)
  const mask = 0xff >> (8 * effectiveBytes - effectiveBits)
  octets[128 - effectiveBytes] = rc2Pi[octets[128 - effectiveBytes]! & mask]!
  for (let index = 127 - effectiveBytes; index >= 0; index--) {
    octets[index] = rc2Pi[octets[index + 1]! ^ octets[index + effectiveBytes]!]!
  }
  return Uint16Array.from({ length: 64 }, (_, index) => octets[2 * index]! | (octets[2 * index + 1]! << 8))
}

const rotations = [1, 2, 3, 5] as const

/** RFC 2268 §4: five reverse mixing rounds, a mash, six, a mash, five. */
function decryptBlock(block: Uint8Array, schedule: Uint16Array): Uint8Array {
  const words = Uint16Array.from(
    { length: 4 },
    (_, index) => block[2 * index]! | (block[2 * index + 1]! << 8),
  )
  for (let round = 15; round >= 0; round--) {
    unmix(words, schedule, round)
    if (round === 11 || round === 5) unmash(words, schedule)
  }
  return Uint8Array.from({ length: 8 }, (_, index) => words[index >> 1]! >> (8 * (index & 1)))
}

function unmix(words: Uint16Array, schedule: Uint16Array, round: number): void {
  for (let index = 3; index >= 0; index--) {
    const rotation = rotations[index]!
    const word = words[index]!
    const [before1, before2, before3] = [1, 2, 3].map((back) => words[(index + 4 - back) % 4]!) as [
      number,
      number,
      number,
    ]
    const turned = (word >> rotation) | (word << (16 - rotation))
    words[index] = turned - schedule[4 * round + index]! - (before1 & before2) - (~before1 & before3)
  }
}

function unmash(words: Uint16Array, schedule: Uint16Array): void {
  for (let index = 3; index >= 0; index--) {
    words[index] = words[index]! - schedule[words[(index + 3) % 4]! & 63]!
  }
}
