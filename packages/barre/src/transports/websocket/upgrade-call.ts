import type { IncomingMessage } from 'node:http'
import type { Call } from '../../core/index.ts'
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
  return withHeaders(call, call.method, { authorization: carried })
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
  return withHeaders(toCall(request, path, settings, 'UPGRADE'), 'AUTHENTICATE', headers, signal)
}

function withHeaders(
  call: Call,
  method: string,
  headers: Readonly<Record<string, readonly string[]>>,
  signal?: AbortSignal,
): Call {
  return {
    method,
    target: call.target,
    // An abort is dear: whoever asks for no signal has none made.
    get signal() {
      return signal ?? call.signal
    },
    get peer() {
      return call.peer
    },
    metadata: (name) => (Object.hasOwn(headers, name) ? headers[name]! : call.metadata(name)),
    // The query belongs to the upgrade: beside a credential in a message it would be a second one.
    parameters: (name) => (method === call.method ? (call.parameters?.(name) ?? []) : []),
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
