import { tags } from './der.ts'

/** One DER value of these parts. */
export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag), writeLength(content.length), content])
}

export function writeSequence(...parts: readonly Uint8Array[]): Buffer {
  return writeDer(tags.sequence, ...parts)
}

/** A whole number that is not negative. */
export function writeInteger(value: number): Buffer {
  const digits = value.toString(16)
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  return writeDer(tags.integer, ...(bytes[0]! >= 0x80 ? [Buffer.of(0)] : []), bytes)
}

export function writeOid(oid: string): Buffer {
  const [root = 0, second = 0, ...tail] = oid.split('.').map(Number)
  return writeDer(tags.oid, ...[root * 40 + second, ...tail].map(writeArc))
}

function writeArc(arc: number): Buffer {
  const octets = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift((rest % 128) | 0x80)
  }
  return Buffer.from(octets)
}

function writeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const digits = length.toString(16)
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes])
}
