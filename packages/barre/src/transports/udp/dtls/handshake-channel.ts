import { DtlsError } from './alert.ts'
import { cutMessage, encodeMessage, readFragments } from './handshake-message.ts'
import type { Fragment, Message, MessageName } from './handshake-message.ts'
import { Reassembly } from './reassembly.ts'
import { contentTypes } from './record.ts'
import type { Epoch, Opened, Plain, RecordLayer } from './record-layer.ts'

/** How long to wait for an answer before a flight is sent again; the wait doubles each time (RFC 6347 §4.2.4.1). */
export interface Retransmission {
  readonly firstMs: number
  readonly maxMs: number
}

/** How often a flight is sent again because the other side repeats its own. */
const repeatsMax = 16
/** Messages that came and were not asked for yet. */
const waitingMax = 16

/** A message of a flight, or without one the change of its protection. */
interface Step {
  readonly epoch: Epoch
  readonly message?: Message
}

/** The messages of a handshake, whole and in order, whatever the network does to their datagrams. */
export class HandshakeChannel {
  readonly #records: RecordLayer
  readonly #retransmission: Retransmission
  readonly #reassembly: Reassembly
  #sequence: number
  #epoch: Epoch = 0
  #transcript: Buffer[] = []
  #unsent: Step[] = []
  #flight: readonly Step[] = []
  /** The last message of the other side's flight that ours answers: seen again, ours was lost. */
  #answered = -1
  #repeats = 0
  #isProofWanted = false
  #timer: NodeJS.Timeout | undefined
  #waiting: Message[] = []
  #failure: DtlsError | undefined
  #wanted: { take(message: Message): void; fail(error: DtlsError): void } | undefined

  /** `sequence`: of the first message of ours; `next`: of the other side's. */
  constructor(
    records: RecordLayer,
    retransmission: Retransmission,
    { sequence, next }: { readonly sequence: number; readonly next: number },
  ) {
    this.#records = records
    this.#retransmission = retransmission
    this.#sequence = sequence
    this.#reassembly = new Reassembly(next)
    this.#answered = next - 1
  }

  /** Every message so far, but for those of the cookie exchange. */
  get transcript(): Buffer {
    return Buffer.concat(this.#transcript)
  }

  /** Whether the handshake waits for the message that proves the keys. */
  get awaitsProof(): boolean {
    return this.#isProofWanted
  }

  /** What came before is not part of the transcript (RFC 6347 §4.2.1). */
  forget(): void {
    this.#transcript = []
  }

  /** Takes a message that came by another way into the transcript. */
  remember(message: Message): void {
    this.#transcript.push(encodeMessage(message))
  }

  /** Puts a message into the flight. */
  write(name: MessageName, body: Buffer = Buffer.alloc(0)): void {
    const message = { name, sequence: this.#sequence++, body }
    this.remember(message)
    this.#unsent.push({ epoch: this.#epoch, message })
  }

  /** From here on, the flight is protected. */
  changeCipherSpec(): void {
    this.#unsent.push({ epoch: this.#epoch })
    this.#epoch = 1
  }

  /** Sends the flight; again and again, where it `expectsAnswer`, until another one follows. */
  flush(expectsAnswer: boolean): void {
    this.#flight = this.#unsent
    this.#unsent = []
    this.#answered = this.#reassembly.next - 1
    this.#transmit()
    this.rest()
    if (expectsAnswer) this.#arm(this.#retransmission.firstMs)
  }

  /** Stops sending the last flight by itself. */
  rest(): void {
    clearTimeout(this.#timer)
  }

  /** The next message, which must be one of these; else, or where the handshake fails, throws DtlsError. */
  async receive<Name extends MessageName>(
    ...names: readonly Name[]
  ): Promise<Message & { readonly name: Name }> {
    const message = await this.#nextMessage((names as readonly string[]).includes('finished'))
    if (!(names as readonly string[]).includes(message.name)) {
      throw new DtlsError('unexpected_message', `${message.name} in the place of ${names.join(' or ')}`)
    }
    this.remember(message)
    return message as Message & { readonly name: Name }
  }

  #nextMessage(isProof: boolean): Promise<Message> {
    const [message] = this.#waiting
    if (message !== undefined) {
      this.#waiting.shift()
      return Promise.resolve(message)
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    this.#isProofWanted = isProof
    return new Promise((resolve, reject) => {
      this.#wanted = { take: resolve, fail: reject }
    })
  }

  /** Takes a handshake record. Throws `decode_error`. */
  take({ epoch, plaintext }: Opened): void {
    for (const fragment of readFragments(plaintext!)) {
      if (fragment.sequence < this.#reassembly.next) this.#repeat(fragment)
      // Finished is the one message that is protected: whatever else came so would be another handshake.
      else if ((fragment.name === 'finished') === (epoch === 1)) this.#add(fragment)
    }
  }

  #add(fragment: Fragment): void {
    for (const message of this.#reassembly.add(fragment)) {
      const wanted = this.#wanted
      this.#wanted = undefined
      this.#isProofWanted = false
      if (wanted !== undefined) wanted.take(message)
      else if (this.#waiting.length < waitingMax) this.#waiting.push(message)
      else this.fail(new DtlsError('unexpected_message', 'more messages than a handshake has'))
    }
  }

  /** Ends the handshake for whoever waits for a message. */
  fail(error: DtlsError): void {
    this.rest()
    this.#failure ??= error
    this.#wanted?.fail(this.#failure)
    this.#wanted = undefined
  }

  #repeat({ sequence, offset }: Fragment): void {
    if (sequence !== this.#answered || offset > 0 || this.#repeats >= repeatsMax) return
    this.#repeats++
    this.#transmit()
  }

  #arm(afterMs: number): void {
    this.#timer = setTimeout(() => {
      this.#transmit()
      this.#arm(Math.min(afterMs * 2, this.#retransmission.maxMs))
    }, afterMs)
    this.#timer.unref()
  }

  #transmit(): void {
    this.#records.send(this.#flight.flatMap((step) => this.#toRecords(step)))
  }

  #toRecords({ epoch, message }: Step): readonly Plain[] {
    if (message === undefined) {
      return [{ type: contentTypes.changeCipherSpec, epoch, plaintext: Buffer.of(1) }]
    }
    const pieces = cutMessage(message, this.#records.room(epoch))
    return pieces.map((plaintext) => ({ type: contentTypes.handshake, epoch, plaintext }))
  }
}
