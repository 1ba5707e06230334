import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { DenialCode, Refusal, Reply } from '../../core/index.ts'
import { nodeHttp } from './node-http.ts'
import { withMetadataUrl } from './resource-metadata.ts'
import type { ResourceMetadata } from './resource-metadata.ts'

/** An answer that is ours, a refusal for the most part: what every HTTP transport sends, in its own way. */
export interface HttpRefusal {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** RFC 9113 §7: the error code of a stream whose peer does too much. */
const enhanceYourCalm = 0xb

/** How long a throttled caller is asked to wait when the provider does not say, in seconds. */
const retryAfterDefaultSeconds = 1

/** How much of a refused request's body is read and thrown away; a longer one ends the connection, in bytes. */
export const drainMaxBytes = 1_048_576

const phrases: Readonly<Record<DenialCode, readonly [status: number, error: string]>> = {
  missing: [401, 'unauthorized'],
  invalid: [401, 'unauthorized'],
  expired: [401, 'unauthorized'],
  // RFC 9470 §3.
  insufficient_authentication: [401, 'insufficient_user_authentication'],
  insufficient_scope: [403, 'insufficient_scope'],
  malformed: [400, 'invalid_request'],
  throttled: [429, 'too_many_requests'],
  unavailable: [503, 'temporarily_unavailable'],
}

/**
 * Says a refusal in HTTP (RFC 9110 §11, RFC 6750 §3). The denial's detail stays here. `metadata`: what challenges for a
 * token point to.
 */
export function phrase(
  { denial, challenges, reply }: Refusal,
  { metadata }: { readonly metadata?: ResourceMetadata } = {},
): HttpRefusal {
  const asks = challenges.filter(isHeaderValue).map((challenge) => withMetadataUrl(challenge, metadata))
  const [status, error] = phrases[denial.code]
  const headers = [...sendable(reply)]
  if (status < 429) headers.push(...asks.map((challenge) => ['www-authenticate', challenge] as const))
  const wait = denial.retryAfterSeconds ?? (status === 429 ? retryAfterDefaultSeconds : undefined)
  if (status >= 429 && wait !== undefined) {
    headers.push(['retry-after', String(Math.max(1, Math.ceil(wait)))])
  }
  // RFC 9110 §15.5.2: a 401 must ask for something; where nothing can be asked (a certificate), the answer is 403.
  if (status === 401 && asks.length === 0) return toRefusal(403, { error: 'forbidden' }, headers)
  const scope = status === 403 && denial.scopes ? { scope: denial.scopes.join(' ') } : {}
  return toRefusal(status, { error, ...scope }, headers)
}

export const notFound: HttpRefusal = toRefusal(404, { error: 'not_found' }, [])

export function methodNotAllowed(allowed: readonly string[]): HttpRefusal {
  return toRefusal(405, { error: 'method_not_allowed' }, [['allow', allowed.join(', ')]])
}

function toRefusal(status: number, content: object, headers: Reply): HttpRefusal {
  const body = JSON.stringify(content)
  return {
    status,
    body,
    headers: [
      ...headers,
      ['cache-control', 'no-store'],
      ['content-type', 'application/json'],
      ['content-length', String(Buffer.byteLength(body))],
    ],
  }
}

/** Headers by name, for frameworks that want several values of one name at once. */
export function groupHeaders(headers: HttpRefusal['headers']): Readonly<Record<string, string | string[]>> {
  const grouped: Record<string, string | string[]> = {}
  for (const [name, value] of headers) {
    const known = grouped[name]
    grouped[name] = known === undefined ? value : [known, value].flat()
  }
  return grouped
}

/** Answers a request; its body, if any, is not read, or thrown away up to a limit. */
export function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: HttpRefusal): void {
  if (response.headersSent || response.destroyed) return
  response.statusCode = refusal.status
  for (const [name, value] of refusal.headers) response.appendHeader(name, value)
  if (hasLongBody(request)) response.setHeader('connection', 'close')
  // barre-ignore html: the body is JSON, and its content type says so
  response.end(refusal.body)
  drain(request)
}

/** Whether a request announces a body that is too long to be thrown away. */
export function hasLongBody(request: IncomingMessage): boolean {
  // An HTTP/2 stream ends without its connection.
  return request.httpVersionMajor < 2 && Number(request.headers['content-length'] ?? 0) > drainMaxBytes
}

/** Throws a body away, so that the connection can serve the next request; beyond the limit it ends. */
export function drain(request: IncomingMessage): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > drainMaxBytes) hangUp(request)
  })
}

/** Over HTTP/2 the connection has other requests, and only this one's stream ends. */
function hangUp(request: IncomingMessage): void {
  const { stream } = request as unknown as Partial<Http2ServerRequest>
  if (stream === undefined) request.socket.destroy()
  else stream.close(enhanceYourCalm)
}

/** Answers on a bare socket (an upgrade, a CONNECT), and ends it. */
export function writeRefusal(socket: Duplex, refusal: HttpRefusal): void {
  const lines = [...refusal.headers, ['connection', 'close'] as const].map(
    ([name, value]) => `${name}: ${value}`,
  )
  const head = `HTTP/1.1 ${refusal.status} ${nodeHttp().STATUS_CODES[refusal.status]}`
  // What the client still sends is of no interest, but unread it would turn the answer into a reset.
  socket.on('error', () => undefined)
  socket.resume()
  socket.end(`${[head, ...lines].join('\r\n')}\r\n\r\n${refusal.body}`, () => socket.destroy())
}

/** Puts a success's metadata on its answer. */
export function sendReply(response: ServerResponse, reply: Reply): void {
  for (const [name, value] of sendable(reply)) response.appendHeader(name, value)
}

/** The part of a reply that can be sent as headers. */
export function sendable(reply: Reply): Reply {
  return reply.filter(([, value]) => isHeaderValue(value))
}

// A provider's text must not be able to end the header, nor to turn a refusal into an exception.
function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value)
}
