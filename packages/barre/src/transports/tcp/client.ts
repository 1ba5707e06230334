import { connect as connectTcp } from 'node:net'
import { allowInsecureEndpoint, isLoopback } from '../../core/index.ts'
import { createDial, limitOpening, tlsOpener } from '../../tls/index.ts'
import { tcpClientShape } from './config.ts'
import type { Socket } from 'node:net'
import type { Services } from '../../core/index.ts'
import type { TcpClientConfig } from './config.ts'

export interface TcpClient {
  /**
   * Opens a connection, with the certificates of now; over TLS, to a server that has proven itself. Rejects with the
   * error of node:net or node:tls.
   */
  connect(): Promise<Socket>
  /** Ends every connection. */
  close(): void
}

/** Makes a client of one server; throws ConfigError. */
export function tcpClient(options: TcpClientConfig, { now, log }: Pick<Services, 'now' | 'log'>): TcpClient {
  const { host, port, localHost, connectTimeout = 5, ...config } = tcpClientShape.check(options, '')
  const { secureSocket = isPlain(host, config) ? undefined : {} } = config
  const tls = secureSocket && tlsOpener(secureSocket, 'secureSocket', () => now(), log)
  const dial = tls && createDial(tls)
  const open = new Set<Socket>()
  const from = localHost === undefined ? {} : { localAddress: localHost }
  return {
    async connect() {
      const socket = dial?.(host, port, from) ?? connectTcp({ host, port, ...from })
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      await ready(socket, tls === undefined ? 'connect' : 'secureConnect', {
        connectTimeoutMs: connectTimeout * 1000,
        handshakeTimeoutMs: tls?.handshakeTimeoutMs,
      })
      return socket
    },
    close() {
      for (const socket of open) socket.destroy()
    },
  }
}

/** TLS is left out on loopback, or where somebody insists. */
function isPlain(host: string, config: Pick<TcpClientConfig, typeof allowInsecureEndpoint>): boolean {
  return config[allowInsecureEndpoint] === true || isLoopback(host)
}

interface Deadlines {
  readonly connectTimeoutMs: number
  readonly handshakeTimeoutMs: number | undefined
}

function ready(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  { connectTimeoutMs, handshakeTimeoutMs }: Deadlines,
): Promise<void> {
  const callOff = limitOpening(socket, connectTimeoutMs, handshakeTimeoutMs)
  return new Promise((resolve, reject) => {
    socket.once('close', () => {
      callOff()
      reject(new Error('the connection was closed before it was ready'))
    })
    socket.once('error', reject)
    socket.once(event, () => {
      callOff()
      socket.off('error', reject)
      resolve()
    })
  })
}
