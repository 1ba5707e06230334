import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { AddressInfo } from 'node:net'
import { ConfigError } from '../../core/index.ts'
import type { Peer, Policy, Rules, Services } from '../../core/index.ts'
import { judgeConnection, requireCertificates, toConnectCall, watchConnection } from '../tcp/index.ts'
import type { ConnectionContext } from '../tcp/index.ts'
import { datagramMaxBytesDefault, dtlsServerShape, retransmitMaxMs } from './config.ts'
import type { DtlsServerConfig } from './config.ts'
import { noListeners, toConnection } from './connection.ts'
import type { DtlsConnection, Listeners } from './connection.ts'
import { createDoor, DtlsSession, serverHandshake } from './dtls/index.ts'
import type { Door, Knock, Proven } from './dtls/index.ts'
import { serverCredentials } from './server-credentials.ts'
import type { ServerCredentials } from './server-credentials.ts'
import { createSessions } from './sessions.ts'
import type { Seat, Sessions } from './sessions.ts'

/** Gets each connection that was let in. */
export type DtlsHandler = (connection: DtlsConnection, context: ConnectionContext) => unknown

export interface DtlsServer {
  listen(at: { readonly port: number; readonly host?: string }): Promise<AddressInfo>
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Closes every connection, and the providers. */
  close(): Promise<void>
}

type DtlsServices = Pick<Services, 'now' | 'random' | 'revocations' | 'log'>

/** Serves DTLS 1.2; throws ConfigError. */
export function dtlsServer(
  rules: Rules,
  options: DtlsServerConfig,
  services: DtlsServices,
  handler: DtlsHandler,
): DtlsServer {
  const config = dtlsServerShape.check(options, '')
  const policy = rules.policyFor(undefined, 'auth')
  requireCertificates(rules, config.secureSocket)
  if (rules.needsPreSharedKey === true && config.sharedKeys === undefined) {
    throw new ConfigError('auth', 'an entry reads the identity of a pre-shared key: set sharedKeys')
  }
  const { connectionsMax = 10_000, unauthenticatedMax = 1000 } = config
  const credentials = serverCredentials(config, services)
  const sessions = createSessions({ connectionsMax, unauthenticatedMax })
  let socket: Socket | undefined
  return {
    async listen({ port, host = '127.0.0.1' }) {
      socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
      const bound = socket
      bound.bind(port, host)
      // Rejects with the error that comes instead.
      await once(bound, 'listening')
      const target = `udp://${addressOf(bound.address())}`
      const door = createDoor(services)
      const context = {
        config,
        policy,
        credentials,
        sessions,
        services,
        handler,
        door,
        target,
        socket: bound,
      }
      bound.on('message', (datagram, from) => receive(datagram, from, context))
      bound.on('error', ({ message }) => services.log.error({}, `the socket failed: ${message}`))
      return bound.address()
    },
    ready: () => rules.ready(),
    async close() {
      credentials.close()
      socket?.removeAllListeners('message')
      sessions.closeAll()
      const last = socket
      // The last alerts are on their way before the socket is closed.
      if (last !== undefined) await new Promise<void>((done) => setImmediate(() => last.close(done)))
      await rules.close()
    },
  }
}

interface ServerContext {
  readonly config: DtlsServerConfig
  readonly policy: Policy | undefined
  readonly credentials: ServerCredentials
  readonly sessions: Sessions
  readonly services: DtlsServices
  readonly handler: DtlsHandler
  readonly door: Door
  /** Where connections arrive. */
  readonly target: string
  readonly socket: Socket
}

function receive(datagram: Buffer, from: RemoteInfo, context: ServerContext): void {
  const { sessions, door, socket } = context
  const address = `${from.address} ${from.port}`
  const seats = sessions.of(address)
  const knock = door.read(datagram)
  const isRepeated = knock !== undefined && seats.some(({ random }) => random.equals(knock.hello.random))
  if (knock === undefined || isRepeated) {
    // What the first one cannot read may be for its successor.
    seats.find(({ session }) => session.receive(datagram))?.touch()
  } else if (!door.isKnown(address, knock)) {
    socket.send(door.ask(address, knock), from.port, from.address, () => undefined)
  } else if (sessions.hasPlace(address)) {
    void begin(knock, from, address, context)
  }
}

async function begin(knock: Knock, from: RemoteInfo, address: string, context: ServerContext): Promise<void> {
  const { config, credentials, sessions, services, socket } = context
  const { datagramMaxBytes = datagramMaxBytesDefault, retransmitSeconds = 1 } = config
  const initTimeoutMs = (config.secureSocket?.handshakeTimeout ?? config.initTimeoutSeconds ?? 10) * 1000
  const listeners = noListeners()
  const ending = new AbortController()
  const session = new DtlsSession({
    send: (datagram) => socket.send(datagram, from.port, from.address, () => undefined),
    random: (bytes) => services.random(bytes),
    datagramMaxBytes,
    retransmission: { firstMs: retransmitSeconds * 1000, maxMs: retransmitMaxMs },
    handshakeTimeoutMs: initTimeoutMs,
    first: { record: knock.recordSequence, message: knock.message.sequence },
    onData: (data) => listeners.message(data),
    onEnd(error) {
      sessions.remove(address, seat)
      ending.abort()
      if (error !== undefined) services.log.debug({ address }, `a connection ended: ${error.message}`)
      for (const listener of listeners.close) listener(error)
    },
  })
  const seat: Seat = { session, random: knock.hello.random, isLetIn: false, touch: () => undefined }
  sessions.add(address, seat)
  let proven: Proven
  try {
    proven = await session.handshake((ways) => {
      ways.channel.remember(knock.message)
      return serverHandshake(knock.hello, credentials.current(), ways)
    })
  } catch {
    // The session has ended, and told why.
    return
  }
  await judge(proven, seat, { from, address, signal: ending.signal, listeners }, context)
}

interface Arrival {
  readonly from: RemoteInfo
  readonly address: string
  readonly signal: AbortSignal
  readonly listeners: Listeners
}

async function judge(proven: Proven, seat: Seat, arrival: Arrival, context: ServerContext): Promise<void> {
  const { config, policy, services, sessions, handler, target } = context
  const { from, address, signal, listeners } = arrival
  const { session } = seat
  const call = toConnectCall(target, peerOf(from, proven), signal)
  const decision = await judgeConnection(policy, call, services)
  if (session.hasEnded) return
  if (!decision.ok) {
    session.close('access_denied')
    return
  }
  sessions.letIn(address, seat)
  const idle = setTimeout(() => session.close(), (config.idleTimeoutSeconds ?? 300) * 1000).unref()
  seat.touch = () => idle.refresh()
  listeners.close.add(() => clearTimeout(idle))
  const { principal } = decision
  if (principal !== undefined) {
    listeners.close.add(watchConnection(call, principal, services, () => session.close('access_denied')))
  }
  // Outside of the promise: what a handler throws is then as uncaught as without a guard.
  const connection = toConnection(session, { address: from.address, port: from.port }, listeners)
  if (!session.hasEnded) process.nextTick(handler, connection, { principal })
}

function peerOf({ address }: RemoteInfo, { certificate, pskIdentity }: Proven): Peer {
  return {
    address,
    encrypted: true,
    ...(certificate !== undefined && { certificate: certificate.raw }),
    ...(pskIdentity !== undefined && { preSharedKeyIdentity: pskIdentity }),
  }
}

function addressOf({ address, port }: AddressInfo): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`
}
