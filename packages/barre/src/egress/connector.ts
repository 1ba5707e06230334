import { connect as connectTcp, isIP } from 'node:net'
import { isLoopback } from '../core/index.ts'
import { mayNotConnect } from './address-guard.ts'
import type { AddressGuard } from './address-guard.ts'
import { sessionCache } from './session-cache.ts'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { buildConnector } from 'undici'
import type { TlsOpener } from '../tls/index.ts'

export interface ConnectorOptions {
  readonly tls: TlsOpener
  readonly connectTimeoutMs: number
  readonly allowH2: boolean
  readonly allowPlainHttp: boolean
  /** Absent: any address. */
  readonly guard?: AddressGuard | undefined
}

/** The delay before TCP keep-alive probes, in milliseconds. */
const keepAliveDelayMs = 60_000

/**
 * Opens undici's connections. Of our own because the rule on plain http must hold where a socket is opened,
 * whatever redirect led there, and because undici's connector has no handshake deadline and no bound on a
 * session's age.
 */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { tls, connectTimeoutMs, guard } = options
  const lookup = guard && { lookup: guard.lookup }
  let files = tls.context
  let sessions = sessionCache(tls.shareSession ? tls.sessionTimeoutMs : 0)
  const renew = (): void => {
    if (files === tls.renewed()) return
    files = tls.renewed()
    // A resumed session would go on with the certificates of before.
    sessions = sessionCache(tls.shareSession ? tls.sessionTimeoutMs : 0)
  }
  const openTls = (host: string, port: number): TLSSocket => {
    renew()
    const session = sessions.get(`${host}:${port}`)
    const socket = tls.open({
      ...lookup,
      host,
      port,
      servername: tls.serverName ?? (isIP(host) === 0 ? host : ''),
      ALPNProtocols: options.allowH2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      ...(session !== undefined && { session }),
    })
    const kept = sessions
    socket.on('session', (fresh) => kept.set(`${host}:${port}`, fresh))
    return socket
  }
  return ({ hostname, protocol, port }, callback) => {
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
    const isTls = protocol === 'https:'
    const refusal = findRefusal(host, isTls, options)
    if (refusal !== undefined) {
      callback(refusal, null)
      return
    }
    const socket = isTls
      ? openTls(host, Number(port || 443))
      : connectTcp({ ...lookup, host, port: Number(port || 80) })
    socket.setNoDelay(true).setKeepAlive(true, keepAliveDelayMs)
    const clear = limit(socket, connectTimeoutMs, isTls ? tls.handshakeTimeoutMs : undefined)
    let isSettled = false
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      clear()
      isSettled = true
      callback(null, socket)
    })
    // Stays on after the connection is made: undici owns the socket then, and an error must never go unheard.
    socket.on('error', (error) => {
      clear()
      if (!isSettled) callback(error, null)
      isSettled = true
    })
  }
}

/** Why nothing is opened; of a name, the addresses are looked at when they are known. */
function findRefusal(
  host: string,
  isTls: boolean,
  { allowPlainHttp, guard }: ConnectorOptions,
): Error | undefined {
  if (!isTls && !allowPlainHttp && !isLoopback(host)) {
    return new Error(`plain http to ${host} is refused: use https`)
  }
  return guard !== undefined && isIP(host) !== 0 && !guard.allows(host) ? mayNotConnect(host) : undefined
}

/**
 * Ends a socket that is not ready in time; the handshake's own deadline counts from the TCP connection on.
 */
function limit(socket: Socket, connectTimeoutMs: number, handshakeTimeoutMs: number | undefined): () => void {
  const arm = (what: string, afterMs: number): NodeJS.Timeout =>
    setTimeout(() => socket.destroy(tooSlow(`the ${what} was not ready within ${afterMs} ms`)), afterMs)
  const timers = [arm('connection', connectTimeoutMs)]
  if (handshakeTimeoutMs !== undefined) {
    socket.once('connect', () => timers.push(arm('TLS handshake', handshakeTimeoutMs)))
  }
  return () => {
    for (const timer of timers) clearTimeout(timer)
  }
}

/** With the code that the operating system gives for the same, so that callers can tell slow from down. */
function tooSlow(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' })
}
