import type { IncomingMessage, ServerResponse } from 'node:http'
import { drain } from '../http/index.ts'

/** The bytes of a request's body; `undefined` when there are more than `maxBytes`, or its sender went away. */
export async function readRequest(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return undefined
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // Leaving the loop must not destroy the socket: the answer is still to be sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).byteLength
      if (bytes > maxBytes) return undefined
      chunks.push(chunk as Buffer)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

/** Answers with text that no browser takes for a page; what is left of the body is thrown away. */
export function answer(request: IncomingMessage, response: ServerResponse, status: number, text = ''): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    ...(status === 413 && request.httpVersionMajor < 2 && { connection: 'close' }),
    ...(status === 503 && { 'retry-after': '5' }),
  })
  response.end(text)
  drain(request)
}

/** The media type of a Content-Type value, in lower case. */
export function mediaType(contentType: string | null | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** The media type of requests to a hub (WebSub §5.1). */
export const formType = 'application/x-www-form-urlencoded'

/** The longest form that a hub reads, in bytes. */
export const formMaxBytes = 16_384
