import { connect as connectTcp, isIP } from 'node:net'
import { isLoopback } from '../core/index.ts'
import { mayNotConnect } from './address-guard.ts'
import type { AddressGuard } from './address-guard.ts'
import { createDial, limitOpening } from '../tls/index.ts'
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
 * session's age, as `createDial` has.
 */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { tls, connectTimeoutMs, guard } = options
  const lookup = guard && { lookup: guard.lookup }
  const dial = createDial(tls)
  const ALPNProtocols = options.allowH2 ? ['h2', 'http/1.1'] : ['http/1.1']
  return ({ hostname, protocol, port }, callback) => {
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
    const isTls = protocol === 'https:'
    const refusal = findRefusal(host, isTls, options)
    if (refusal !== undefined) {
      callback(refusal, null)
      return
    }
    const socket = isTls
      ? dial(host, Number(port || 443), { ...lookup, ALPNProtocols })
      : connectTcp({ ...lookup, host, port: Number(port || 80) })
    socket.setNoDelay(true).setKeepAlive(true, keepAliveDelayMs)
    const clear = limitOpening(socket, connectTimeoutMs, isTls ? tls.handshakeTimeoutMs : undefined)
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
