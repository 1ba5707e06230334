import { Readable } from 'node:stream'
import type { Client } from 'basic-ftp'
import { FileError } from '../files/index.ts'
import { whenSecure } from './data-channel.ts'

/** Writes a file from a stream, which is read to its end or destroyed. */
export async function send(
  client: Client,
  verb: 'uploadFrom' | 'appendFrom',
  path: string,
  content: Readable,
): Promise<void> {
  try {
    await client[verb](Readable.from(afterHandshake(client, content)), path)
  } catch (error) {
    const { errored } = content
    throw errored === null ? error : new FileError('content_failed', errored.message, { cause: errored })
  }
}

/** The library begins when the cipher is known, and would end the channel of an empty file before it stands. */
async function* afterHandshake(client: Client, content: Readable): AsyncGenerator {
  await whenSecure(client)
  yield* content
}
