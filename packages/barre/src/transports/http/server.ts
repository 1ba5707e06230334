import { subscribe } from 'node:diagnostics_channel'
import { Server as TlsServer } from 'node:tls'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { ConfigError, refuse } from '../../core/index.ts'
import type { Refusal, Rules } from '../../core/index.ts'
import { isLoopback } from './address.ts'
import type { HttpSettings } from './http-options.ts'

/** Takes an event before its listeners; `proceed` hands it on to them, with arguments of ours after its own. */
export type Intercept = (proceed: (...extra: readonly unknown[]) => boolean, ...args: unknown[]) => boolean

type Intercepts = ReadonlyMap<string, Intercept>

/** The intercepts of a server in their order: those that come first, and how many they are, before the others. */
interface Order {
  all: readonly Intercepts[]
  firsts: number
}

const orders = new WeakMap<NetServer, Order>()

/**
 * Puts intercepts before a server's listeners, and before the intercepts that are there; with `isFirst` before those
 * that are still to come, too.
 */
export function intercept(server: NetServer, intercepts: Intercepts, isFirst = false): void {
  const order = orders.get(server) ?? wrapEmit(server)
  order.all = order.all.toSpliced(isFirst ? 0 : order.firsts, 0, intercepts)
  if (isFirst) order.firsts++
}

/** Wrapping `emit` is the one way that no listener, whenever it is added, gets an event first. */
function wrapEmit(server: NetServer): Order {
  const order: Order = { all: [], firsts: 0 }
  orders.set(server, order)
  const emit = server.emit.bind(server) as Emit
  // The list of this moment goes along: an intercept may take its time, and others come meanwhile.
  server.emit = (event: string, ...args: unknown[]) => hand(order.all, 0, emit, event, args)
  return order
}

type Emit = (event: string, ...args: readonly unknown[]) => boolean

/** Hands an event to the next intercept for it, in the end to its listeners. */
function hand(
  all: readonly Intercepts[],
  from: number,
  emit: Emit,
  event: string,
  args: readonly unknown[],
): boolean {
  for (let index = from; index < all.length; index++) {
    const taken = all[index]!.get(event)
    if (taken === undefined) continue
    return taken((...extra) => hand(all, index + 1, emit, event, [...args, ...extra]), ...args)
  }
  return emit(event, ...args)
}

/**
 * For the `connect` event, before `onSocket`: over HTTP/2 a CONNECT (RFC 9113 §8.5, RFC 8441) is a stream, and there is
 * no socket to hand over. It is refused whoever listens, as Node refuses it where nobody does.
 */
export function refuseStreams(onSocket: Intercept): Intercept {
  return (proceed, request, socket) => {
    if ((request as IncomingMessage).httpVersionMajor < 2) return onSocket(proceed, request, socket)
    const response = socket as ServerResponse
    response.statusCode = 405
    response.end()
    return true
  }
}

/** For the `listening` event: a server with a problem closes and reports it, as it would a port that is in use. */
export function refuseToStart(server: NetServer, problem: () => ConfigError | undefined): Intercept {
  return (proceed) => {
    const error = problem()
    if (error === undefined) return proceed()
    server.close()
    return server.emit('error', error)
  }
}

/** Why a server that listens must not serve `rules`. */
export function findProblem(
  server: NetServer,
  rules: Rules,
  settings: HttpSettings,
): ConfigError | undefined {
  const secure = server instanceof TlsServer
  if (rules.needsClientCertificate && !(secure && requestsCertificate(server))) {
    return new ConfigError(
      'auth',
      'an entry reads the client certificate, and the server asks for none: serve TLS with requestCert: true and a ca',
    )
  }
  const address = server.address()
  // A pipe or Unix socket has a path, not an address, and is as local as loopback.
  if (secure || settings.mayBeCleartext || address === null || typeof address === 'string') return undefined
  if (isLoopback(address.address)) return undefined
  return new ConfigError(
    'auth',
    `the listener at ${address.address} port ${address.port} would take credentials in clear text: serve TLS, ` +
      'bind it to loopback, name the trustedProxies that terminate TLS, or set [allowInsecureListener]: true',
  )
}

/**
 * `findProblem` for servers whose start we could not stop: each call asks, and is then refused. Reported once per
 * server. No server at all (a request that no network brought) is no problem.
 */
export function problemFinder(
  rules: Rules,
  settings: HttpSettings,
): (server: NetServer | undefined) => ConfigError | undefined {
  const known = new WeakMap<NetServer, { readonly problem: ConfigError | undefined }>()
  return (server) => {
    if (server === undefined) return undefined
    const found = known.get(server)
    if (found !== undefined) return found.problem
    const problem = findProblem(server, rules, settings)
    if (problem !== undefined) settings.log?.error({ path: problem.path }, problem.message)
    known.set(server, { problem })
    return problem
  }
}

/** What a call is answered on a server with a problem. */
export const mustNotServe: Refusal = {
  ...refuse('unavailable', 'the listener has a problem that its log explains'),
  challenges: [],
  reply: [],
}

function requestsCertificate(server: TlsServer): boolean {
  // Set by every tls.Server from its options; the types do not know it.
  return (server as { requestCert?: unknown }).requestCert === true
}

/** The server that accepted a request's connection. Absent on requests that no network brought. */
export function serverOf(request: { readonly socket: object }): NetServer | undefined {
  // Node sets it on every accepted socket; the types do not know it.
  return (request.socket as { server?: NetServer }).server
}

const attachers = new WeakMap<object, (server: NetServer) => void>()
let subscribed = false

/** Calls `attach` with every server that is about to listen with this request listener. */
export function onListen(listener: object, attach: (server: NetServer) => void): void {
  attachers.set(listener, attach)
  if (subscribed) return
  subscribed = true
  subscribe('tracing:net.server.listen:asyncStart', (message) => {
    const { server } = message as { server: NetServer }
    for (const known of server.listeners('request')) attachers.get(known)?.(server)
  })
}
