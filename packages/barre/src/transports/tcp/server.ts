import { once } from 'node:events'
import { createServer } from 'node:net'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'
import {
  allowInsecureEndpoint,
  allowInsecureListener,
  chain,
  ConfigError,
  isLoopback,
  isPromise,
} from '../../core/index.ts'
import { toWatchedOptions, watchCertificates } from '../../tls/index.ts'
import { intercept } from '../http/index.ts'
import { judgeConnection, requireCertificates, toConnectCall, watchConnection } from './admission.ts'
import { tcpServerShape } from './config.ts'
import { pendingConnections } from './pending.ts'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Awaitable, Decision, Peer, Policy, Principal, Rules, Services } from '../../core/index.ts'
import type { Intercept } from '../http/index.ts'
import type { TcpServerConfig } from './config.ts'
import type { PendingConnections } from './pending.ts'

/** Gets each connection that was let in, before a byte of it was read. */
export type ConnectionHandler = (socket: Socket, context: ConnectionContext) => unknown

export interface ConnectionContext {
  /** Who is at the other end; absent where nobody has to prove that. */
  readonly principal: Principal | undefined
}

export interface TcpServer {
  /** Begins to accept connections. Rejects with ConfigError where `auth` would be served in clear text off loopback. */
  listen(at: { readonly port: number; readonly host?: string }): Promise<AddressInfo>
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Ends every connection, and the providers. */
  close(): Promise<void>
}

type TcpServices = Pick<Services, 'now' | 'revocations' | 'log' | 'fetchFor'>

/** Serves TCP or TLS; throws ConfigError. */
export function tcpServer(
  rules: Rules,
  options: TcpServerConfig,
  services: TcpServices,
  handler: ConnectionHandler,
): TcpServer {
  const config = tcpServerShape.check(options, '')
  const { secureSocket, initTimeoutSeconds = 10, unauthenticatedMax = 1000, connectionsMax = 10_000 } = config
  const policy = rules.policyFor(undefined, 'auth')
  requireCertificates(rules, secureSocket)
  const pending = pendingConnections(unauthenticatedMax, initTimeoutSeconds * 1000)
  const server = createSocketServer(config, initTimeoutSeconds * 1000, services)
  server.maxConnections = connectionsMax
  const open = new Set<Socket>()
  const onConnection: Intercept = (proceed, accepted) => {
    const socket = accepted as Socket
    if (!pending.take(socket)) return false
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    return proceed()
  }
  // Before the listener of node:tls, which begins the handshake.
  intercept(server, new Map([['connection', onConnection]]))
  server.on(secureSocket === undefined ? 'connection' : 'secureConnection', (socket: Socket) =>
    accept(socket, { policy, pending, services, handler }),
  )
  const watcher =
    secureSocket &&
    watchCertificates(server as never, secureSocket, {
      ...services,
      // What a responder says is signed: certificates name it by plain http.
      fetch: services.fetchFor({ [allowInsecureEndpoint]: true }, 'secureSocket.certValidation'),
    })
  return {
    async listen({ port, host = '127.0.0.1' }) {
      if (policy !== undefined && secureSocket === undefined) refuseClearText(config, host)
      server.listen(port, host)
      // Rejects with the error that comes instead.
      await once(server, 'listening')
      return server.address() as AddressInfo
    },
    ready: () => rules.ready(),
    async close() {
      watcher?.close()
      const closed = server.listening ? once(server, 'close') : undefined
      server.close()
      for (const socket of open) socket.destroy()
      await closed
      await rules.close()
    },
  }
}

function refuseClearText(config: TcpServerConfig, host: string): void {
  if (config[allowInsecureListener] === true || isLoopback(host)) return
  throw new ConfigError(
    'auth',
    `a listener at ${host} would judge callers in clear text: set secureSocket, bind it to loopback, or set ` +
      '[allowInsecureListener]: true',
  )
}

function createSocketServer(
  { secureSocket }: TcpServerConfig,
  timeoutMs: number,
  { now, log }: TcpServices,
): Server {
  if (secureSocket === undefined) return createServer()
  const options = toWatchedOptions(secureSocket, 'secureSocket', () => now())
  const server = createTlsServer({ handshakeTimeout: timeoutMs, ...options })
  return server.on('tlsClientError', ({ message }) => log.debug({}, `a TLS handshake failed: ${message}`))
}

interface Acceptance {
  readonly policy: Policy | undefined
  readonly pending: PendingConnections
  readonly services: TcpServices
  readonly handler: ConnectionHandler
}

function accept(socket: Socket, { policy, pending, services, handler }: Acceptance): void {
  const ending = new AbortController()
  socket.on('error', ({ message }) => services.log.debug({}, `a connection failed: ${message}`))
  socket.once('close', () => ending.abort())
  const call = toConnectCall(`tcp://${addressOf(socket)}`, peerOf(socket), ending.signal)
  settle(judgeConnection(policy, call, services), (decision) => {
    if (socket.destroyed) return
    pending.release(socket)
    if (!decision.ok) {
      socket.destroy()
      return
    }
    const { principal } = decision
    if (principal !== undefined) {
      const unwatch = watchConnection(call, principal, services, () => socket.destroy())
      socket.once('close', unwatch)
    }
    if (!socket.destroyed) handler(socket, { principal })
  })
}

/** After a wait, `next` runs outside the promise: what a handler throws is then as uncaught as without a guard. */
function settle(verdict: Awaitable<Decision>, next: (decision: Decision) => void): void {
  if (isPromise(verdict)) void verdict.then((known) => process.nextTick(next, known))
  else void chain(verdict, next)
}

function addressOf({ localAddress = '', localPort }: Socket): string {
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
}

function peerOf(socket: Socket): Peer {
  const address = socket.remoteAddress === undefined ? {} : { address: socket.remoteAddress }
  if (!(socket instanceof TLSSocket)) return { ...address, encrypted: false }
  const certificate = socket.authorized ? socket.getPeerX509Certificate()?.raw : undefined
  return { ...address, encrypted: true, ...(certificate !== undefined && { certificate }) }
}
