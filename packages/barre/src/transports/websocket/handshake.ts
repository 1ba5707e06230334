import type { IncomingMessage } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import { createDial, limitOpening } from '../../tls/index.ts'
import type { TlsOpener } from '../../tls/index.ts'

/** Thrown where the server answered something else than 101: 401 and 403 after the credential was refused. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
  readonly status: number
  /** RFC 9110 challenges. */
  readonly challenges: readonly string[]

  constructor(response: IncomingMessage) {
    super(`the server answered ${response.statusCode} and opened no connection`)
    this.status = response.statusCode ?? 0
    this.challenges = response.headersDistinct['www-authenticate'] ?? []
  }
}

export type Opening = { readonly socket: WebSocket } | { readonly refused: IncomingMessage }

/** Opens one connection; rejects where there is no answer at all. */
export function openSocket(
  url: URL,
  subProtocols: readonly string[],
  options: ClientOptions,
): Promise<Opening> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, [...subProtocols], options)
    socket.once('open', () => {
      socket.off('error', reject)
      // What comes with the answer waits until the caller has the socket and listens.
      socket.pause()
      setImmediate(() => socket.resume())
      resolve({ socket })
    })
    socket.once('error', reject)
    socket.once('unexpected-response', (_request, response) => {
      response.resume()
      resolve({ refused: response })
    })
  })
}

/** Opens the connections of `ws`, each with the files as they are then, and within `openingMs`. */
export function toTlsOptions(tls: TlsOpener, openingMs: number): ClientOptions {
  const dial = createDial(tls)
  return {
    createConnection({ host = '', port }: ConnectionOptions) {
      const socket = dial(host, Number(port))
      const clear = limitOpening(socket, openingMs, tls.handshakeTimeoutMs)
      return socket.once('secureConnect', clear).once('close', clear)
    },
  } as ClientOptions
}
