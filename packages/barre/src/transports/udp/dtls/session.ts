import { DtlsError, encodeAlert, readAlert } from './alert.ts'
import type { AlertName } from './alert.ts'
import type { HandshakeServices, Proven } from './handshake.ts'
import { HandshakeChannel } from './handshake-channel.ts'
import type { Retransmission } from './handshake-channel.ts'
import { readFragments } from './handshake-message.ts'
import { contentTypes, plaintextMaxBytes } from './record.ts'
import { RecordLayer } from './record-layer.ts'
import type { Opened } from './record-layer.ts'

export interface SessionOptions {
  readonly send: (datagram: Buffer) => void
  readonly random: (bytes: number) => Uint8Array
  readonly datagramMaxBytes: number
  readonly retransmission: Retransmission
  /** How long the handshake may take, in milliseconds. */
  readonly handshakeTimeoutMs: number
  /** Of the records and messages of a server, whose first ones were exchanged for a cookie. */
  readonly first?: { readonly record: number; readonly message: number }
  /** Called with each message of the other side, in the order of their arrival. */
  readonly onData: (data: Buffer) => void
  /** Called once: without an error where the other side or we closed. */
  readonly onEnd: (error: DtlsError | undefined) => void
}

/** Messages that are kept for a listener to come; the others are lost, as datagrams may be. */
const earlyDataMax = 64
/** How many requests for another handshake are answered at all. */
const refusedRenegotiationsMax = 10

/** A DTLS connection over whatever carries datagrams: to be handed those that come. */
export class DtlsSession {
  readonly #options: SessionOptions
  readonly #records: RecordLayer
  readonly #channel: HandshakeChannel
  #isEstablished = false
  #isOpen = false
  #hasEnded = false
  #refusedRenegotiations = 0
  /** Data that came before anybody listened. */
  #early: Buffer[] = []

  constructor(options: SessionOptions) {
    this.#options = options
    const { first, send, datagramMaxBytes, retransmission } = options
    this.#records = new RecordLayer(send, datagramMaxBytes, first?.record)
    const message = first?.message ?? 0
    this.#channel = new HandshakeChannel(this.#records, retransmission, {
      sequence: message,
      next: first === undefined ? 0 : message + 1,
    })
  }

  /** The largest message that fits a datagram, in bytes; longer ones may be cut on the way by IP. */
  get dataMaxBytes(): number {
    return Math.min(this.#records.room(1), plaintextMaxBytes)
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Runs a handshake; where it fails, the other side gets the alert, and who waits the DtlsError. */
  async handshake(run: (services: HandshakeServices) => Promise<Proven>): Promise<Proven> {
    const { handshakeTimeoutMs, random } = this.#options
    const timer = setTimeout(() => {
      this.#channel.fail(new DtlsError('timeout', `no handshake within ${handshakeTimeoutMs} ms`))
    }, handshakeTimeoutMs)
    try {
      const proven = await run({
        channel: this.#channel,
        random,
        protect: (write, read) => {
          this.#records.writeWith(write)
          for (const record of this.#records.readWith(read)) this.#take(record, true)
        },
      })
      this.#isEstablished = true
      return proven
    } catch (error) {
      const reason = error instanceof DtlsError ? error : new DtlsError('internal_error', String(error))
      this.#end(reason)
      throw reason
    } finally {
      clearTimeout(timer)
    }
  }

  /** Hands over the data that came so far: whoever takes it is there now. */
  open(): void {
    this.#isOpen = true
    for (const data of this.#early.splice(0)) this.#takeData(data)
  }

  /** Takes a datagram, whatever it is; answers whether anything in it was of this connection. Throws nothing. */
  receive(datagram: Buffer): boolean {
    let isOurs = false
    try {
      for (const record of this.#records.open(datagram)) {
        if (this.#hasEnded) return isOurs
        isOurs = this.#take(record) || isOurs
      }
    } catch (error) {
      const reason = error instanceof DtlsError ? error : new DtlsError('internal_error', String(error))
      this.#fail(reason)
    }
    return isOurs
  }

  /** Sends one message; answers false where it was not sent: it fits no datagram, or the connection is not open. */
  send(data: Uint8Array): boolean {
    if (this.#hasEnded || !this.#isEstablished || data.length > this.dataMaxBytes) return false
    const plaintext = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    this.#records.send([{ type: contentTypes.applicationData, epoch: 1, plaintext }])
    return true
  }

  /** Closes the connection, or ends it with an alert. */
  close(alert: AlertName = 'close_notify'): void {
    this.#end(alert === 'close_notify' ? undefined : new DtlsError(alert, 'the connection was ended'))
  }

  #take({ type, epoch, plaintext }: Opened, isProofDue = this.#channel.awaitsProof): boolean {
    if (plaintext === undefined) {
      // As the two keys differ, or as somebody forged it; while only this message is awaited, the former.
      if (type === contentTypes.handshake && isProofDue) {
        this.#fail(new DtlsError('bad_record_mac', 'the other side has another key'))
      }
      return false
    }
    // After the handshake, what is in clear text may be anybody's.
    if (this.#isEstablished && epoch === 0) return false
    if (plaintext.length > plaintextMaxBytes)
      throw new DtlsError('record_overflow', 'a record that is too long')
    if (type === contentTypes.handshake) this.#takeHandshake({ type, epoch, plaintext })
    else if (type === contentTypes.alert) this.#takeAlert(plaintext)
    else if (type === contentTypes.applicationData && epoch === 1) this.#takeData(plaintext)
    return true
  }

  #takeHandshake(record: Opened): void {
    if (this.#isEstablished && beginsAnother(record.plaintext!)) {
      if (this.#refusedRenegotiations++ < refusedRenegotiationsMax) this.#alert('no_renegotiation')
    } else this.#channel.take(record)
  }

  #takeData(data: Buffer): void {
    // Later, so that what a listener throws is not taken for a failure of the connection.
    if (this.#isOpen) queueMicrotask(() => this.#options.onData(data))
    else if (this.#early.length < earlyDataMax) this.#early.push(data)
  }

  #takeAlert(bytes: Buffer): void {
    const alert = readAlert(bytes)
    const name = alert?.name ?? 'close_notify'
    if (alert === undefined || (!alert.isFatal && name !== 'close_notify')) return
    const error = new DtlsError(name, 'the other side ended the connection', true)
    if (!this.#isEstablished) this.#fail(error)
    else this.#end(error)
  }

  /** During the handshake, whoever runs it ends the session. */
  #fail(error: DtlsError): void {
    if (this.#isEstablished) this.#end(error)
    else this.#channel.fail(error)
  }

  #end(error: DtlsError | undefined): void {
    if (this.#hasEnded) return
    const isClosing = error?.isFromPeer === true && error.code === 'close_notify'
    if (error?.isFromPeer !== true || isClosing) this.#alert(toAlert(error))
    this.#hasEnded = true
    this.#channel.fail(error ?? new DtlsError('close_notify', 'the connection was closed'))
    this.#options.onEnd(isClosing ? undefined : error)
  }

  #alert(name: AlertName): void {
    const epoch = this.#isEstablished ? 1 : 0
    this.#records.send([{ type: contentTypes.alert, epoch, plaintext: encodeAlert(name) }])
  }
}

function toAlert(error: DtlsError | undefined): AlertName {
  if (error === undefined || error.code === 'timeout') return 'close_notify'
  return error.code
}

/** A request for another handshake (RFC 5746 is why there is none). */
function beginsAnother(plaintext: Buffer): boolean {
  return readFragments(plaintext).some(({ name }) => name === 'client_hello' || name === 'hello_request')
}
