import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Call, Peer } from '../../core/index.ts'
import { forwardedAddress, unmapped } from './address.ts'
import type { HttpSettings } from './http-options.ts'

/** The view of an HTTP request that providers get. `path` is the normalised one where the wire normalises. */
export function toCall(
  request: IncomingMessage,
  path: string,
  settings: HttpSettings,
  method?: string,
): Call {
  return new HttpCall(request, path, settings, method ?? request.method ?? '')
}

/** Every value of a header, in order, from the headers as they were sent. */
function headerValues(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const sent = rawHeaders[index]!
    if (sent.length === name.length && sent.toLowerCase() === name) values.push(rawHeaders[index + 1]!)
  }
  return values
}

/** A class for its lazy members: most providers ask neither for the certificate nor for the signal. */
class HttpCall implements Call {
  readonly method: string
  readonly #request: IncomingMessage
  readonly #path: string
  readonly #settings: HttpSettings
  #peer: Peer | undefined
  #signal: AbortSignal | undefined

  constructor(request: IncomingMessage, path: string, settings: HttpSettings, method: string) {
    this.method = method
    this.#request = request
    this.#path = path
    this.#settings = settings
  }

  get target(): string {
    return this.#settings.origin + this.#path
  }

  get peer(): Peer {
    this.#peer ??= toPeer(this.#request, this.#settings)
    return this.#peer
  }

  get signal(): AbortSignal {
    this.#signal ??= toSignal(this.#request)
    return this.#signal
  }

  metadata(name: string): readonly string[] {
    const values = headerValues(this.#request.rawHeaders, name)
    // RFC 9113 §8.3.1: over HTTP/2 `:authority` says what Host says.
    return name === 'host' && values.length === 0
      ? headerValues(this.#request.rawHeaders, ':authority')
      : values
  }

  parameters(name: string): readonly string[] {
    return queryValues(this.#request.url ?? '', name)
  }
}

/** Every value of a query parameter; a query that does not hold the name as it is or escaped is not parsed. */
function queryValues(url: string, name: string): readonly string[] {
  const start = url.indexOf('?')
  if (start === -1) return []
  const query = url.slice(start + 1)
  return query.includes(name) || query.includes('%') ? new URLSearchParams(query).getAll(name) : []
}

/** Of each connection, since Node parses it anew each time; proven by its handshake, it is the same to its end. */
const certificates = new WeakMap<object, Uint8Array | undefined>()

function certificateOf(socket: Partial<TLSSocket>): Uint8Array | undefined {
  // The handshake of an OPTIONAL mutual TLS listener succeeds with any certificate; only a verified one is shown.
  if (socket.authorized !== true) return undefined
  if (!certificates.has(socket)) certificates.set(socket, socket.getPeerX509Certificate?.()?.raw)
  return certificates.get(socket)
}

function toPeer(request: IncomingMessage, { trusts }: HttpSettings): Peer {
  const socket = request.socket as Partial<TLSSocket>
  const address = socket.remoteAddress === undefined ? undefined : unmapped(socket.remoteAddress)
  const certificate = certificateOf(socket)
  const proxied = address !== undefined && trusts?.(address) === true
  const caller = proxied
    ? forwardedAddress(headerValues(request.rawHeaders, 'x-forwarded-for'), address, trusts)
    : address
  return {
    ...(caller !== undefined && { address: caller }),
    ...(certificate && { certificate }),
    encrypted: socket.encrypted === true || (proxied && isForwardedHttps(request)),
  }
}

/** Every hop must say https: a value that the caller slipped in can then only make it less. */
function isForwardedHttps(request: IncomingMessage): boolean {
  const hops = headerValues(request.rawHeaders, 'x-forwarded-proto').flatMap((value) => value.split(','))
  return hops.length > 0 && hops.every((hop) => hop.trim().toLowerCase() === 'https')
}

function toSignal(request: IncomingMessage): AbortSignal {
  const controller = new AbortController()
  if (request.destroyed) controller.abort()
  else request.once('close', () => controller.abort())
  return controller.signal
}
