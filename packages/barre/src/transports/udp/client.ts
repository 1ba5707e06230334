import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { isIP } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { ConfigError } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { toClientOptions } from '../../tls/index.ts'
import {
  datagramMaxBytesDefault,
  dtlsClientShape,
  retransmitMaxMs,
  toPskKey,
  toSuites,
  toTlsFields,
} from './config.ts'
import type { DtlsClientConfig } from './config.ts'
import { noListeners, toConnection } from './connection.ts'
import type { DtlsConnection, Listeners } from './connection.ts'
import { judgeChain, toAuthorities, toIdentity } from './credentials.ts'
import { clientHandshake, DtlsSession } from './dtls/index.ts'
import type { ClientHandshakeConfig, SessionOptions } from './dtls/index.ts'

export interface DtlsClient {
  /**
   * Opens a connection, with the certificates of now, to a server that has proven itself. Rejects with DtlsError, or
   * with the error of the socket.
   */
  connect(): Promise<DtlsConnection>
  /** Closes every connection. */
  close(): void
}

type DtlsServices = Pick<Services, 'now' | 'random' | 'log'>

/** Makes a client of one server over DTLS 1.2; throws ConfigError. */
export function dtlsClient(options: DtlsClientConfig, services: DtlsServices): DtlsClient {
  const config = dtlsClientShape.check(options, '')
  const {
    host,
    port,
    datagramMaxBytes = datagramMaxBytesDefault,
    retransmitSeconds = 1,
    connectTimeout = 10,
  } = config
  const handshake = toHandshake(config, services)
  const open = new Set<DtlsSession>()
  const timing = {
    datagramMaxBytes,
    retransmission: { firstMs: retransmitSeconds * 1000, maxMs: retransmitMaxMs },
    handshakeTimeoutMs: (config.secureSocket?.handshakeTimeout ?? connectTimeout) * 1000,
    random: (bytes: number) => services.random(bytes),
  }
  return {
    async connect() {
      const { socket, address } = await connectSocket(host, port)
      const listeners = noListeners()
      const session = attach(socket, timing, listeners)
      open.add(session)
      listeners.close.add(() => open.delete(session))
      await session.handshake((ways) => clientHandshake(handshake(), ways))
      return toConnection(session, { address, port }, listeners)
    },
    close() {
      for (const session of open) session.close()
    },
  }
}

async function connectSocket(host: string, port: number) {
  const { address, family } = await lookup(host)
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  socket.connect(port, address)
  try {
    // Rejects with the error that comes instead.
    await once(socket, 'connect')
  } catch (error) {
    socket.close()
    throw error
  }
  return { socket, address }
}

/** A session over a connected socket, which ends with it. */
function attach(
  socket: Socket,
  timing: Omit<SessionOptions, 'send' | 'onData' | 'onEnd'>,
  listeners: Listeners,
): DtlsSession {
  let isOpen = true
  const session = new DtlsSession({
    ...timing,
    // What cannot be sent now is lost, as any datagram may be.
    send: (datagram) => isOpen && socket.send(datagram, () => undefined),
    onData: (data) => listeners.message(data),
    onEnd(error) {
      // The last alert is on its way before the socket is closed.
      setImmediate(() => socket.close())
      isOpen = false
      for (const listener of listeners.close) listener(error)
    },
  })
  socket.on('message', (datagram) => session.receive(datagram))
  // Nobody listens there, says the network; whoever says so may be anybody, so the handshake's time decides.
  socket.on('error', () => undefined)
  return session
}

/** What each handshake is made with. */
function toHandshake(config: DtlsClientConfig, { now, log }: DtlsServices): () => ClientHandshakeConfig {
  const { host, secureSocket, sharedKey } = config
  const all = toSuites(secureSocket)
  if (sharedKey !== undefined) {
    if (secureSocket?.key !== undefined || secureSocket?.cert !== undefined) {
      throw new ConfigError('sharedKey', 'expected certificates or a pre-shared key, found both')
    }
    const key = toPskKey(sharedKey.identity, sharedKey.key, 'sharedKey.key')
    const suites = some(all.filter(({ signedBy }) => signedBy === undefined))
    const psk = { identity: sharedKey.identity, key }
    return () => ({ suites, psk, judge: () => undefined })
  }
  const tls = toClientOptions(toTlsFields(secureSocket ?? {}), 'secureSocket', () => now(), log)
  const suites = some(all.filter(({ signedBy }) => signedBy !== undefined))
  const name = tls.serverName ?? host
  const read = (context: SecureContextOptions): ClientHandshakeConfig => {
    const trust = {
      authorities: tls.rejectUnauthorized ? toAuthorities(context) : [],
      purpose: 'server',
      now: () => now(),
      host: tls.verifyHostName ? name : undefined,
    } as const
    return {
      suites,
      identity: toIdentity(context),
      serverName: isIP(name) === 0 ? name : undefined,
      judge: tls.rejectUnauthorized ? (chain) => judgeChain(chain, trust) : () => undefined,
    }
  }
  let files = tls.context
  let current = read(files)
  return () => {
    const found = tls.renewed()
    if (found !== files) current = read(found)
    files = found
    return current
  }
}

function some<T>(suites: readonly T[]): readonly T[] {
  if (suites.length > 0) return suites
  throw new ConfigError(
    'secureSocket.ciphers',
    'none of them goes with the way in which the server proves itself',
  )
}
