import { DtlsError } from './alert.ts'

/** Reads the presentation language of RFC 5246 §4; what ends early or has bytes left over is a `decode_error`. */
export class ByteReader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get hasMore(): boolean {
    return this.#offset < this.#bytes.length
  }

  /** An unsigned number of so many bytes, 6 at most. */
  number(length: number): number {
    return this.bytes(length).readUIntBE(0, length)
  }

  bytes(length: number): Buffer {
    const end = this.#offset + length
    if (end > this.#bytes.length) throw new DtlsError('decode_error', 'a message ends early')
    const read = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return read
  }

  /** A vector whose length stands before it, in so many bytes. */
  vector(lengthBytes: 1 | 2 | 3): Buffer {
    return this.bytes(this.number(lengthBytes))
  }

  /** A vector of numbers of two bytes. */
  numbers(lengthBytes: 1 | 2): number[] {
    const list = new ByteReader(this.vector(lengthBytes))
    const read: number[] = []
    while (list.hasMore) read.push(list.number(2))
    return read
  }

  end(): void {
    if (this.hasMore) throw new DtlsError('decode_error', 'a message has bytes left over')
  }
}

/** An unsigned number in so many bytes, 6 at most. */
export function number(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUIntBE(value, 0, length)
  return bytes
}

/** A vector with its length before it, in so many bytes. */
export function vector(lengthBytes: 1 | 2 | 3, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([number(content.length, lengthBytes), content])
}

/** A vector of numbers of two bytes. */
export function numbers(lengthBytes: 1 | 2, values: readonly number[]): Buffer {
  return vector(lengthBytes, ...values.map((value) => number(value, 2)))
}
