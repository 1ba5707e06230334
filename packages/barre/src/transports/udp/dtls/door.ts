import { DtlsError } from './alert.ts'
import { createCookies } from './cookie.ts'
import { encodeMessage, readFragments } from './handshake-message.ts'
import type { Message } from './handshake-message.ts'
import { encodeHelloVerifyRequest, readClientHello } from './hello.ts'
import type { ClientHello } from './hello.ts'
import { contentTypes, encodeRecord, readRecords, versions } from './record.ts'

/** A ClientHello, and the record that it came in. */
export interface Knock {
  readonly hello: ClientHello
  readonly message: Message
  readonly recordSequence: number
}

/** Where strangers are met: it keeps nothing for them (RFC 6347 §4.2.1). */
export interface Door {
  /** The ClientHello that a datagram begins with. It must come in one piece, as the RFC allows us to ask. */
  read(datagram: Buffer): Knock | undefined
  /** Whether whoever knocks receives what is sent to this address. */
  isKnown(address: string, knock: Knock): boolean
  /** The question whether they do; it is never longer than what it answers. */
  ask(address: string, knock: Knock): Buffer
}

export function createDoor(services: { now(): number; random(bytes: number): Uint8Array }): Door {
  const cookies = createCookies(services)
  return {
    read,
    isKnown: (address, { hello }) => cookies.isGood(address, hello),
    ask(address, { hello, message, recordSequence }) {
      const body = encodeHelloVerifyRequest(cookies.make(address, hello))
      const payload = encodeMessage({ name: 'hello_verify_request', sequence: message.sequence, body })
      const record = { type: contentTypes.handshake, epoch: 0, sequence: recordSequence, payload }
      return encodeRecord(record, versions.dtls10)
    },
  }
}

function read(datagram: Buffer): Knock | undefined {
  try {
    const [record] = readRecords(datagram)
    if (record?.type !== contentTypes.handshake || record.epoch !== 0) return undefined
    const [message] = readFragments(record.payload)
    if (message?.name !== 'client_hello' || message.body.length !== message.length) return undefined
    return { hello: readClientHello(message.body), message, recordSequence: record.sequence }
  } catch (error) {
    if (error instanceof DtlsError) return undefined
    throw error
  }
}
