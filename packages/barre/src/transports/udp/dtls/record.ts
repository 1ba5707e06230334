import { number } from './bytes.ts'

/** What a record carries (RFC 5246 §6.2.1). */
export const contentTypes = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const

/** DTLS 1.2 and 1.0, as they travel. */
export const versions = { dtls12: 0xfefd, dtls10: 0xfeff } as const

export const headerBytes = 13

/** The most that a record carries (RFC 5246 §6.2.1), and what protection may add. */
export const plaintextMaxBytes: number = 2 ** 14
const expansionMaxBytes = 64

/** The last sequence number of an epoch. */
export const sequenceMax: number = 2 ** 48 - 1

export interface Record {
  readonly type: number
  readonly epoch: number
  readonly sequence: number
  readonly payload: Buffer
}

/** The records of a datagram (RFC 6347 §4.1); from the first that is none on, nothing is read. */
export function readRecords(datagram: Buffer): readonly Record[] {
  const records: Record[] = []
  for (let at = 0; datagram.length - at >= headerBytes;) {
    const length = datagram.readUInt16BE(at + 11)
    const end = at + headerBytes + length
    const version = datagram.readUInt16BE(at + 1)
    const epoch = datagram.readUInt16BE(at + 3)
    // Before the version is agreed on, some say 1.0 (RFC 6347 §4.2.1).
    const isKnown = version === versions.dtls12 || (version === versions.dtls10 && epoch === 0)
    if (!isKnown || end > datagram.length || length > plaintextMaxBytes + expansionMaxBytes) break
    records.push({
      type: datagram[at]!,
      epoch,
      sequence: datagram.readUIntBE(at + 5, 6),
      payload: datagram.subarray(at + headerBytes, end),
    })
    at = end
  }
  return records
}

export function encodeRecord(
  { type, epoch, sequence, payload }: Record,
  version: number = versions.dtls12,
): Buffer {
  return Buffer.concat([
    Buffer.of(type),
    number(version, 2),
    number(epoch, 2),
    number(sequence, 6),
    number(payload.length, 2),
    payload,
  ])
}
