import type { Fragment, Message, MessageName } from './handshake-message.ts'

/** The longest message, in bytes: a chain of certificates. */
export const messageMaxBytes: number = 32 * 1024
/** All messages that are not whole yet, or not yet their turn, in bytes. */
export const bufferedMaxBytes: number = 64 * 1024
/** How many messages may come before their turn. */
export const aheadMax = 8

interface Partial {
  readonly name: MessageName
  readonly body: Buffer
  readonly isThere: Uint8Array
  missing: number
}

/** Makes whole messages of fragments that come in any order, also more than once, and gives them in order. */
export class Reassembly {
  readonly #partials = new Map<number, Partial>()
  #next: number
  #buffered = 0

  /** `next`: the number of the message that is expected. */
  constructor(next: number) {
    this.#next = next
  }

  get next(): number {
    return this.#next
  }

  /** The messages that a fragment completes; one that fits nothing is dropped. */
  add(fragment: Fragment): readonly Message[] {
    const { sequence, offset, body } = fragment
    if (sequence < this.#next || sequence >= this.#next + aheadMax) return []
    const partial = this.#partials.get(sequence) ?? this.#begin(fragment)
    if (partial?.name !== fragment.name || partial.body.length !== fragment.length) return []
    for (let at = 0; at < body.length; at++) {
      if (partial.isThere[offset + at] === 1) continue
      partial.isThere[offset + at] = 1
      partial.body[offset + at] = body[at]!
      partial.missing--
    }
    return this.#takeWhole()
  }

  #begin({ name, sequence, length }: Fragment): Partial | undefined {
    if (length > messageMaxBytes || this.#buffered + length > bufferedMaxBytes) return undefined
    const partial = { name, body: Buffer.alloc(length), isThere: new Uint8Array(length), missing: length }
    this.#buffered += length
    this.#partials.set(sequence, partial)
    return partial
  }

  #takeWhole(): readonly Message[] {
    const whole: Message[] = []
    for (;;) {
      const partial = this.#partials.get(this.#next)
      if (partial === undefined || partial.missing > 0) return whole
      this.#partials.delete(this.#next)
      this.#buffered -= partial.body.length
      whole.push({ name: partial.name, sequence: this.#next++, body: partial.body })
    }
  }
}
