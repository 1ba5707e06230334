import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import type { Client } from 'basic-ftp'
import { toFileError } from './reply.ts'

/**
 * The content of a file, once the server has begun to send it or said why not. The library ends what it writes to also
 * where the transfer failed: here the stream ends when the server has said that all was sent, and fails otherwise.
 */
export async function receive(client: Client, path: string): Promise<Readable> {
  const sink = new PassThrough()
  let isUnderWay = true
  const transfer = client.downloadTo(sink, path).finally(() => (isUnderWay = false))
  await Promise.race([once(sink, 'readable'), transfer]).catch(() => transfer)
  if (sink.readableLength === 0) await transfer
  // Whoever reads hears of a failure from the stream.
  transfer.catch(() => undefined)
  const stream = Readable.from(whole(sink, transfer))
  // Whoever stops reading leaves a transfer that FTP can only end with its connection.
  stream.once('close', () => {
    if (isUnderWay) client.close()
  })
  return stream
}

async function* whole(sink: Readable, transfer: Promise<unknown>): AsyncGenerator {
  try {
    yield* sink
    await transfer
  } catch (error) {
    // What broke the stream is less than what the library knows of the transfer.
    throw toFileError(
      await transfer.then(
        () => error,
        (reason: unknown) => reason,
      ),
    )
  }
}
