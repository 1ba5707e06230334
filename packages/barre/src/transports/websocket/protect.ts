import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { isPromise } from '../../core/index.ts'
import type { Reply, Result, Rules, Services } from '../../core/index.ts'
import { findProblem, intercept, refuseToStart, sendable, writeRefusal } from '../http/index.ts'
import type { Intercept } from '../http/index.ts'
import { createGate } from './admission.ts'
import type { Admission, Admitted, Gate } from './admission.ts'
import { inBandMaxBytes } from './in-band.ts'
import { toWebSocketSettings } from './options.ts'
import type { WebSocketOptions, WebSocketSettings } from './options.ts'
import { Session } from './session.ts'
import type { SocketContext } from './session.ts'
import { Tickets } from './tickets.ts'
import type { Ticket } from './tickets.ts'
import { toInBandCall } from './upgrade-call.ts'

/** Gets each connection that was let in. */
export type SocketHandler = (socket: WebSocket, context: SocketContext) => unknown

/** The guarded WebSockets of a service. */
export interface ProtectedSockets {
  /**
   * Serves the upgrades of a node:http or node:https server, or of the one under Fastify (`app.server`) or Express. An
   * upgrade to a path of no resource is left to the server's other listeners.
   */
  attach(server: NetServer): void
  /** Serves one upgrade, for programs that route upgrades themselves. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /**
   * A ticket for the page that sent a request: it stands for the request's credential, once, for 30 seconds, from that
   * page's origin. To be called by a route that the same credential guards.
   */
  mintTicket(request: { readonly headers: IncomingHttpHeaders }): Result<Ticket>
  /** What the guard knows of a connection that it let in. */
  contextOf(socket: WebSocket): SocketContext | undefined
  /** Emits `connection` for each connection that was let in, for libraries that serve a `ws` server. */
  readonly server: WebSocketServer
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Closes every connection (1001) and the providers. */
  close(): Promise<void>
}

/** Guards WebSockets: the upgrade, each message, and the connection until its credential ends; throws ConfigError. */
export function protect(
  rules: Rules,
  options: WebSocketOptions<unknown>,
  services: Pick<Services, 'now' | 'random' | 'revocations' | 'log'>,
  handler?: SocketHandler,
): ProtectedSockets {
  const settings = toWebSocketSettings(options, rules)
  const tickets = new Tickets(services, settings.origins)
  const gate = createGate(rules, settings, tickets, services)
  const server = createSocketServer(settings)
  const sessions = new WeakMap<WebSocket, SocketContext>()
  const open = (socket: WebSocket, request: IncomingMessage, admitted: Admitted): void => {
    // Without a listener a frame that breaks the protocol would end the process.
    socket.on('error', (error) => services.log.debug({ route: admitted.route }, error.message))
    const session = new Session(
      {
        socket,
        request,
        admitted,
        callFor: (presented, signal) =>
          toInBandCall(request, admitted.path, settings.http, signal, presented),
      },
      settings,
      services,
    )
    if (session.hasEnded) return
    sessions.set(socket, session)
    handler?.(socket, session)
    server.emit('connection', socket, request)
  }
  const handleUpgrade = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    found = gate.find(request),
  ): void => {
    socket.on('error', ignore)
    settle(gate.judge(request, found), (admission) => {
      socket.removeListener('error', ignore)
      if ('refusal' in admission) {
        if (!socket.destroyed) writeRefusal(socket, admission.refusal)
        return
      }
      const { admitted } = admission
      if (admitted.reply.length > 0) replies.set(request, admitted.reply)
      // What is no sound handshake is answered there, and never opened.
      socket.once('close', admitted.release)
      server.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, request, admitted))
      if (socket.destroyed) admitted.release()
    })
  }
  const attached = new WeakSet<NetServer>()
  return {
    server,
    handleUpgrade: (request, socket, head) => handleUpgrade(request, socket, head),
    attach: (netServer) => attach(netServer, { rules, settings, gate, handleUpgrade, attached }),
    contextOf: (socket) => sessions.get(socket),
    mintTicket: ({ headers }) => tickets.mint(headers),
    ready: () => rules.ready(),
    async close() {
      for (const socket of server.clients) socket.close(1001, 'the service stops')
      server.close()
      await rules.close()
    },
  }
}

/** What the answer to an upgrade that is let in is to say. */
const replies = new WeakMap<IncomingMessage, Reply>()

function createSocketServer({ subprotocols, maxFrameSize, inBand }: WebSocketSettings): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    perMessageDeflate: false,
    maxPayload: inBand === undefined ? maxFrameSize : Math.max(maxFrameSize, inBandMaxBytes),
    // Only names of our own list are ever answered: what carries a token is not echoed.
    handleProtocols: (offered) => subprotocols.find((name) => offered.has(name)) ?? false,
  })
  server.on('headers', (lines, request) => {
    for (const [name, value] of sendable(replies.get(request) ?? [])) lines.push(`${name}: ${value}`)
  })
  return server
}

/** After a wait, `next` runs outside the promise: what a handler throws is then as uncaught as without a guard. */
function settle(admission: Admission | Promise<Admission>, next: (admission: Admission) => void): void {
  if (isPromise(admission)) void admission.then((known) => process.nextTick(next, known))
  else next(admission)
}

function ignore(): void {}

interface Attachment {
  readonly rules: Rules
  readonly settings: WebSocketSettings
  readonly gate: Gate
  readonly handleUpgrade: (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    found?: ReturnType<Gate['find']>,
  ) => void
  readonly attached: WeakSet<NetServer>
}

function attach(server: NetServer, { rules, settings, gate, handleUpgrade, attached }: Attachment): void {
  if (attached.has(server)) return
  attached.add(server)
  const isGuarded = settings.table.resources.some(({ policy }) => policy !== undefined)
  const problem = (): ReturnType<typeof findProblem> =>
    isGuarded ? findProblem(server, rules, settings.http) : undefined
  const early = server.listening ? problem() : undefined
  if (early !== undefined) throw early
  const onUpgrade: Intercept = (proceed, ...[request, socket, head]) => {
    const found = gate.find(request as IncomingMessage)
    if (found.kind !== 'found') return proceed()
    handleUpgrade(request as IncomingMessage, socket as Duplex, head as Buffer, found)
    return true
  }
  // A guard that is put on the server after us knows nothing of tickets: ours has to come first.
  intercept(server, new Map([['upgrade', onUpgrade]]), true)
  intercept(server, new Map([['listening', refuseToStart(server, problem)]]))
  // Node emits the event only where somebody listens.
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (server.listenerCount('upgrade') === 1) handleUpgrade(request, socket, head)
  })
}
