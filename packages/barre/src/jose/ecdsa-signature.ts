const sequenceTag = 0x30
const integerTag = 0x02
/** Lengths from here on take a byte more: of the curves, only P-521's signatures reach it. */
const longLength = 0x80

/**
 * The DER form (RFC 3279 §2.2.3) of an ECDSA signature that came as two integers of full length (RFC 7518
 * §3.4). node:crypto could convert as well, but takes the key apart for it: a third of the whole check. Whether
 * the integers are in range is for the check itself to say.
 */
export function toDerSignature(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2
  const rStart = firstByte(signature, 0, half)
  const sStart = firstByte(signature, half, signature.length)
  const rBytes = integerBytes(signature, rStart, half)
  const sBytes = integerBytes(signature, sStart, signature.length)
  const length = 4 + rBytes + sBytes
  const der = new Uint8Array((length < longLength ? 2 : 3) + length)
  let at = 0
  der[at++] = sequenceTag
  if (length >= longLength) der[at++] = 0x81
  der[at++] = length
  at = writeInteger(der, at, rBytes, signature.subarray(rStart, half))
  writeInteger(der, at, sBytes, signature.subarray(sStart))
  return der
}

/**
 * The other way round, for a signature that node:crypto made: `bytes` long. An object with an encoding beside the key,
 * which node:crypto also takes, costs twice as much as the signature itself.
 */
export function fromDerSignature(der: Uint8Array, bytes: number): Buffer {
  const signature = Buffer.allocUnsafe(bytes).fill(0)
  const half = bytes / 2
  const r = readInteger(der, der[1]! < longLength ? 2 : 3)
  const s = readInteger(der, r.end)
  signature.set(der.subarray(r.start, r.end), half - (r.end - r.start))
  signature.set(der.subarray(s.start, s.end), bytes - (s.end - s.start))
  return signature
}

/** Where the digits of an integer are, without the zero that keeps it from being negative. */
function readInteger(der: Uint8Array, at: number): { readonly start: number; readonly end: number } {
  const start = at + 2
  return { start: der[start] === 0 ? start + 1 : start, end: start + der[at + 1]! }
}

/** DER has one encoding per integer: no zeros in front, though zero itself has one byte. */
function firstByte(signature: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end - 1 && signature[at] === 0) at++
  return at
}

/** The highest bit is the sign: an integer that has it set gets a zero in front. */
function integerBytes(signature: Uint8Array, start: number, end: number): number {
  return end - start + (isSignBit(signature[start]) ? 1 : 0)
}

function isSignBit(byte = 0): boolean {
  return byte >= 0x80
}

function writeInteger(der: Uint8Array, start: number, bytes: number, digits: Uint8Array): number {
  der[start] = integerTag
  der[start + 1] = bytes
  const end = start + 2 + bytes
  der.set(digits, end - digits.length)
  return end
}
