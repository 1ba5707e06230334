import type { IncomingMessage } from 'node:http'
import type { Call, Peer } from '../../core/index.ts'
import { toCall } from '../http/index.ts'
import type { HttpSettings } from '../http/index.ts'
import type { Presented } from './in-band.ts'
import { tokenProtocol } from './options.ts'
import type { WebSocketSettings } from './options.ts'
import { ticketParameter } from './tickets.ts'
import type { Tickets } from './tickets.ts'

/**
 * The view of an upgrade. A credential may be in the header, and where that is enabled in a subprotocol, or behind a
 * ticket; one in two places is two credentials, which providers find malformed.
 */
export function toUpgradeCall(
  request: IncomingMessage,
  path: string,
  settings: WebSocketSettings,
  tickets: Tickets,
): Call {
  const call = toCall(request, path, settings.http, 'UPGRADE')
  const carried = [
    ...call.metadata('authorization'),
    ...(settings.tokenInSubprotocol ? readSubprotocols(call) : []),
    ...readTickets(request, call, tickets),
  ]
  return new CallWithHeaders(call, call.method, { authorization: carried })
}

/**
 * The view of a message that brings a credential; what else the caller shows is the upgrade's, but for its proof, which
 * was spent on it.
 */
export function toInBandCall(
  request: IncomingMessage,
  path: string,
  settings: HttpSettings,
  signal: AbortSignal,
  { authorization, dpop }: Presented,
): Call {
  const headers = { authorization: [authorization], dpop: dpop === undefined ? [] : [dpop] }
  return new CallWithHeaders(toCall(request, path, settings, 'UPGRADE'), 'AUTHENTICATE', headers, signal)
}

/** A call with headers of its own. A class for its getters, which a literal gets anew each time. */
class CallWithHeaders implements Call {
  readonly method: string
  readonly target: string
  readonly #call: Call
  readonly #headers: Readonly<Record<string, readonly string[]>>
  readonly #signal: AbortSignal | undefined

  constructor(
    call: Call,
    method: string,
    headers: Readonly<Record<string, readonly string[]>>,
    signal?: AbortSignal,
  ) {
    this.method = method
    this.target = call.target
    this.#call = call
    this.#headers = headers
    this.#signal = signal
  }

  /** An abort is dear: whoever asks for no signal has none made. */
  get signal(): AbortSignal {
    return this.#signal ?? this.#call.signal
  }

  get peer(): Peer {
    return this.#call.peer
  }

  metadata(name: string): readonly string[] {
    return Object.hasOwn(this.#headers, name) ? this.#headers[name]! : this.#call.metadata(name)
  }

  /** The query belongs to the upgrade: beside a credential in a message it would be a second one. */
  parameters(name: string): readonly string[] {
    return this.method === this.#call.method ? (this.#call.parameters?.(name) ?? []) : []
  }
}

/** Every token among the offered subprotocols, as an Authorization value. */
function readSubprotocols(call: Call): readonly string[] {
  return call
    .metadata('sec-websocket-protocol')
    .flatMap((value) => value.split(','))
    .map((name) => name.trim())
    .filter((name) => name.startsWith(tokenProtocol))
    .map((name) => `Bearer ${Buffer.from(name.slice(tokenProtocol.length), 'base64url').toString('latin1')}`)
}

/** A ticket that is no good stays an Authorization value, of a scheme that nobody accepts. */
function readTickets(request: IncomingMessage, call: Call, tickets: Tickets): readonly string[] {
  const query = request.url?.split('?', 2)[1]
  if (query === undefined || !query.includes(ticketParameter)) return []
  const origins = call.metadata('origin')
  return new URLSearchParams(query).getAll(ticketParameter).map((ticket) => {
    const redeemed = tickets.redeem(ticket, origins[0])
    return redeemed.ok ? redeemed.value : 'Ticket -'
  })
}
