import { ByteReader, number } from './bytes.ts'

/** Handshake messages (RFC 5246 §7.4, RFC 6347 §4.3.2) by name. */
const messageTypes = {
  hello_request: 0,
  client_hello: 1,
  server_hello: 2,
  hello_verify_request: 3,
  certificate: 11,
  server_key_exchange: 12,
  certificate_request: 13,
  server_hello_done: 14,
  certificate_verify: 15,
  client_key_exchange: 16,
  finished: 20,
} as const

export type MessageName = keyof typeof messageTypes

const names: ReadonlyMap<number, MessageName> = new Map(
  Object.entries(messageTypes).map(([name, type]) => [type, name as MessageName]),
)

export interface Message {
  readonly name: MessageName
  /** Its place among the messages of its side. */
  readonly sequence: number
  readonly body: Buffer
}

/** A part of a message. */
export interface Fragment extends Message {
  readonly offset: number
  /** Of the whole message's body. */
  readonly length: number
}

const messageHeaderBytes = 12

/** The fragments of a record (RFC 6347 §4.2.2); throws `decode_error`. Those of unknown messages are left out. */
export function readFragments(plaintext: Buffer): readonly Fragment[] {
  const reader = new ByteReader(plaintext)
  const fragments: Fragment[] = []
  while (reader.hasMore) {
    const name = names.get(reader.number(1))
    const length = reader.number(3)
    const sequence = reader.number(2)
    const offset = reader.number(3)
    const body = reader.vector(3)
    if (name !== undefined && offset + body.length <= length) {
      fragments.push({ name, sequence, length, offset, body })
    }
  }
  return fragments
}

function encodeFragment({ name, sequence, length, offset, body }: Fragment): Buffer {
  return Buffer.concat([
    Buffer.of(messageTypes[name]),
    number(length, 3),
    number(sequence, 2),
    number(offset, 3),
    number(body.length, 3),
    body,
  ])
}

/** A message in one piece, as the transcript has it (RFC 6347 §4.2.6). */
export function encodeMessage(message: Message): Buffer {
  return encodeFragment({ ...message, length: message.body.length, offset: 0 })
}

/** Cuts a message into records that hold so many bytes each. */
export function cutMessage(message: Message, room: number): readonly Buffer[] {
  const { body } = message
  const step = room - messageHeaderBytes
  const pieces: Buffer[] = []
  // An empty message is one fragment, too.
  for (let offset = 0; offset === 0 || offset < body.length; offset += step) {
    const part = body.subarray(offset, offset + step)
    pieces.push(encodeFragment({ ...message, length: body.length, offset, body: part }))
  }
  return pieces
}
