import { DtlsError } from './alert.ts'
import type { Protection } from './protection.ts'
import { encodeRecord, headerBytes, readRecords, sequenceMax } from './record.ts'
import type { Record } from './record.ts'
import { ReplayWindow } from './replay-window.ts'

/** 0 is the handshake in clear text, 1 what its keys protect; there are no others, since nothing is renegotiated. */
export type Epoch = 0 | 1

export interface Plain {
  readonly type: number
  readonly epoch: Epoch
  readonly plaintext: Buffer
}

/** A record that came: `plaintext` is absent where its protection does not hold. */
export interface Opened extends Omit<Plain, 'plaintext'> {
  readonly plaintext: Buffer | undefined
}

/** Records that come before their keys, because datagrams overtake each other. */
const earlyMax = 4

/** Protects, numbers and packs what is sent; lets in what is the other side's, and each record once. */
export class RecordLayer {
  readonly #send: (datagram: Buffer) => void
  readonly #datagramMaxBytes: number
  readonly #sequences: [number, number]
  readonly #window = new ReplayWindow()
  #write: Protection | undefined
  #read: Protection | undefined
  #early: Record[] = []

  /** `firstSequence`: of the first record, which answers one of this number (RFC 6347 §4.2.1). */
  constructor(send: (datagram: Buffer) => void, datagramMaxBytes: number, firstSequence = 0) {
    this.#send = send
    this.#datagramMaxBytes = datagramMaxBytes
    this.#sequences = [firstSequence, 0]
  }

  /** How much a record of this epoch may carry, to fill a datagram, in bytes. */
  room(epoch: Epoch): number {
    const overhead = epoch === 0 ? 0 : (this.#write?.overheadBytes ?? 0)
    return this.#datagramMaxBytes - headerBytes - overhead
  }

  /** Sends records in as few datagrams as there can be. */
  send(records: readonly Plain[]): void {
    let packed: Buffer[] = []
    let bytes = 0
    for (const record of records) {
      const encoded = this.#encode(record)
      if (bytes > 0 && bytes + encoded.length > this.#datagramMaxBytes) {
        this.#send(Buffer.concat(packed))
        packed = []
        bytes = 0
      }
      packed.push(encoded)
      bytes += encoded.length
    }
    if (bytes > 0) this.#send(Buffer.concat(packed))
  }

  #encode({ type, epoch, plaintext }: Plain): Buffer {
    const sequence = this.#sequences[epoch]++
    if (sequence > sequenceMax) throw new DtlsError('internal_error', 'no sequence number is left')
    const record = { type, epoch, sequence, payload: plaintext }
    return encodeRecord(epoch === 0 ? record : { ...record, payload: this.#write!.seal(record) })
  }

  /** What we send in epoch 1 is protected so. */
  writeWith(protection: Protection): void {
    this.#write = protection
  }

  /** What comes in epoch 1 is protected so; gives what came before its keys. */
  readWith(protection: Protection): readonly Opened[] {
    this.#read = protection
    return this.#early.splice(0).flatMap((record) => this.#open(record))
  }

  open(datagram: Buffer): readonly Opened[] {
    return readRecords(datagram).flatMap((record) => this.#open(record))
  }

  #open(record: Record): readonly Opened[] {
    const { type, epoch, sequence, payload } = record
    // Nothing protects these, so a window would only let a forger shut out what is genuine.
    if (epoch === 0) return [{ type, epoch, plaintext: payload }]
    if (epoch !== 1) return []
    if (this.#read === undefined) {
      if (this.#early.length < earlyMax) this.#early.push(record)
      return []
    }
    if (!this.#window.isFresh(sequence)) return []
    const plaintext = this.#read.open(record)
    if (plaintext !== undefined) this.#window.accept(sequence)
    return [{ type, epoch, plaintext }]
  }
}
