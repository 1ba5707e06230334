import { EventEmitter, once } from 'node:events'
import type { ClientHttp2Stream } from 'node:http2'
import type { Place, Presented } from '../harness/kit.ts'
import type { LiveConnection } from '../harness/live-kit.ts'
import { fromBytes, headersOf, openSession, toBytes, toFrame } from '../transports/grpc-calls.ts'
import { publicOrigin } from '../transports/over-http.ts'

/** Where the stream of a service in `lives/` is. */
export const path = '/test.Live/who'

/** Opens a bidirectional stream by HTTP/2 alone: time stands still here, and a library has timers of its own. */
export async function openStream(
  url: string,
  place: Place,
  presented: Presented,
  contentType: string,
): Promise<LiveConnection> {
  const session = await openSession(url, place, presented)
  const headers = headersOf(path, presented, contentType)
  const proofs = await presented.proof?.('POST', publicOrigin + path)
  const stream = session.request([...headers, ...(proofs ?? []).flatMap((proof) => ['dpop', proof])], {
    endStream: false,
  })
  const { messages, ended } = read(stream)
  const connection: LiveConnection = {
    ended,
    async ask() {
      stream.write(toFrame(toBytes({})))
      const [message] = (await once(messages, 'message')) as [{ name: string }]
      return message.name
    },
    async close() {
      session.destroy()
      await ended
    },
  }
  // A stream has no answer of its own before its first message.
  await connection.ask()
  return connection
}

/** What comes back: messages, and the code at the end, by gRPC's trailers or by the last frame of Connect. */
function read(stream: ClientHttp2Stream): {
  readonly messages: EventEmitter
  readonly ended: Promise<string>
} {
  const messages = new EventEmitter()
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  let received = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 5 && received.length >= 5 + received.readUInt32BE(1)) {
      const length = received.readUInt32BE(1)
      const [flags, message] = [received[0], fromBytes(received.subarray(5, 5 + length))]
      received = received.subarray(5 + length)
      if (flags === 0) messages.emit('message', message)
      else resolve((message as { error?: { code: string } }).error?.code ?? 'ok')
    }
  })
  stream.on('trailers', (trailers: Record<string, string>) => resolve(trailers['grpc-status'] ?? ''))
  stream.on('error', () => resolve('broken'))
  stream.on('close', () => resolve('closed'))
  return { messages, ended }
}
