import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { chain, guard } from '../../core/index.ts'
import type { Awaitable, Policy, Rules } from '../../core/index.ts'
import {
  findProblem,
  mustNotServe,
  normalisePath,
  phrase,
  refuseStreams,
  serveSocket,
  toCall,
} from '../http/index.ts'
import type { HttpRefusal, HttpSettings, Intercept } from '../http/index.ts'

/** What an application's servers are guarded with beside its routes. */
export interface ServerGuard {
  readonly rules: Rules
  readonly settings: HttpSettings
  /** What connections that leave HTTP must fulfil; `undefined`: nothing. */
  readonly upgrade: Policy | undefined
}

/** Guards what reaches a server beside Express's routes: upgrade and CONNECT listeners. */
export function guardSockets(service: ServerGuard, server: NetServer): ReadonlyMap<string, Intercept> {
  return new Map([
    ['upgrade', onSocket(service, 'UPGRADE', server)],
    ['connect', refuseStreams(onSocket(service, 'CONNECT', server))],
  ])
}

/** Has a server ask for bodies when somebody reads them, unless the program answers `Expect` itself. */
export function askLate(server: NetServer): void {
  if (server.listenerCount('checkContinue') > 0) return
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    continueOnRead(request, response)
    server.emit('request', request, response)
  })
}

function onSocket(service: ServerGuard, method: 'UPGRADE' | 'CONNECT', server: NetServer): Intercept {
  return (proceed, request, socket) => {
    const refusal = findRefusal(service, method, request as IncomingMessage, server)
    serveSocket(socket as Duplex, refusal, proceed)
    return true
  }
}

function findRefusal(
  { rules, settings, upgrade }: ServerGuard,
  method: 'UPGRADE' | 'CONNECT',
  request: IncomingMessage,
  server: NetServer,
): Awaitable<HttpRefusal | undefined> {
  if (upgrade === undefined) return undefined
  if (findProblem(server, rules, settings) !== undefined) return phrase(mustNotServe)
  // The target of a CONNECT is no path. An upgrade's listener routes by itself: a path with two readings is refused.
  const path = method === 'CONNECT' ? undefined : normalisePath(request.url ?? '')
  if (path?.ok === false) return phrase({ ...path, challenges: [], reply: [] })
  const call = toCall(request, path?.value ?? request.url ?? '', settings, method)
  return chain(guard(upgrade, call), (decision) => (decision.ok ? undefined : phrase(decision, settings)))
}

/**
 * Asks a client that waits (`Expect: 100-continue`) for its body when somebody begins to read it, and not before: a
 * refused call then never sends one.
 */
function continueOnRead(request: IncomingMessage, response: ServerResponse): void {
  const ask = (): void => {
    request.removeListener('newListener', onListener)
    request.removeListener('resume', ask)
    if (!response.headersSent) response.writeContinue()
  }
  const onListener = (event: string | symbol): void => {
    if (event === 'data' || event === 'readable') ask()
  }
  request.on('newListener', onListener)
  request.on('resume', ask)
}
