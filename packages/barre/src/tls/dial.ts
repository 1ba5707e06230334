import { isIP } from 'node:net'
import { sessionCache } from './session-cache.ts'
import type { Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { TlsOpener } from './tls-opener.ts'

/** Opens a TLS connection; it is not ready before `secureConnect`. */
export type Dial = (
  host: string,
  port: number,
  more?: ConnectionOptions & { readonly localAddress?: string },
) => TLSSocket

/** Makes a `Dial` whose connections use the files as they are then, and resume sessions where the options allow it. */
export function createDial(tls: TlsOpener): Dial {
  let files = tls.context
  let sessions = sessionCache(tls.shareSession ? tls.sessionTimeoutMs : 0)
  const renew = (): void => {
    if (files === tls.renewed()) return
    files = tls.renewed()
    // A resumed session would go on with the certificates of before.
    sessions = sessionCache(tls.shareSession ? tls.sessionTimeoutMs : 0)
  }
  return (host, port, more) => {
    renew()
    const session = sessions.get(`${host}:${port}`)
    const socket = tls.open({
      ...more,
      host,
      port,
      servername: tls.serverName ?? (isIP(host) === 0 ? host : ''),
      ...(session !== undefined && { session }),
    })
    const kept = sessions
    socket.on('session', (fresh) => kept.set(`${host}:${port}`, fresh))
    return socket
  }
}

/**
 * Ends a socket that is not ready in time; the handshake's own deadline counts from the TCP connection on. To be
 * called off when it is ready.
 */
export function limitOpening(
  socket: Socket,
  connectTimeoutMs: number,
  handshakeTimeoutMs: number | undefined,
): () => void {
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
