import { Transform } from 'node:stream'
import type { IncomingMessage } from 'node:http'

/** The body turned out to be longer than it may be. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/** Whether a request has a body (RFC 9112 §6.3). */
export function hasBody(request: IncomingMessage): boolean {
  const { headers } = request
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Whether a request announces a body past the limit. */
export function announcesTooMuch(request: IncomingMessage, maxBytes: number): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxBytes
}

/**
 * A request's body, up to a limit. A stream of its own: when the upstream fails, it is this one that is destroyed,
 * and the client's connection stays for the answer.
 */
export function limitedBody(request: IncomingMessage, maxBytes: number): Transform {
  let bytes = 0
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) done(new BodyTooLarge(`more than ${maxBytes} bytes`))
      else done(null, chunk)
    },
  })
  request.once('error', (error) => body.destroy(error))
  return request.pipe(body)
}
