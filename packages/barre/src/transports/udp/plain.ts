import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import {
  allowInsecureEndpoint,
  ConfigError,
  flag,
  isLoopback,
  number,
  optional,
  record,
  text,
} from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'
import { createInbox } from './inbox.ts'

/** Datagrams in clear text: what comes may be anybody's, and what goes anybody can read. */
export interface DatagramConfig {
  /** Where to listen; default 127.0.0.1. */
  readonly localHost?: string
  /** Default: any that is free. */
  readonly localPort?: number
  /** The one to speak with: nobody else is heard. With `remotePort`. */
  readonly remoteHost?: string
  readonly remotePort?: number
  /** How long `receive` waits, in seconds; default 300. */
  readonly timeout?: number
  /** Listen and send off loopback, too. */
  readonly [allowInsecureEndpoint]?: boolean
}

export interface Datagram {
  readonly remoteHost: string
  readonly remotePort: number
  readonly data: Uint8Array
}

export interface DatagramSocket {
  readonly localPort: number
  /** Sends to the one that was configured. */
  writeBytes(data: Uint8Array): Promise<void>
  /** Sends to anybody; ConfigError for who is off loopback. */
  sendDatagram(datagram: Datagram): Promise<void>
  /** The next datagram: 64 are kept, more are lost. Rejects when none comes in time. */
  receive(): Promise<Datagram>
  close(): void
}

const port = number({ min: 1, max: 65_535, integer: true })

const datagramShape: Shape<DatagramConfig> = record<DatagramConfig>({
  localHost: optional(text()),
  localPort: optional(number({ max: 65_535, integer: true })),
  remoteHost: optional(text()),
  remotePort: optional(port),
  timeout: optional(number({ min: 0.001, max: 86_400, unit: 'seconds' })),
  [allowInsecureEndpoint]: optional(flag()),
})

/** Opens a socket for datagrams in clear text, on loopback unless told otherwise. Throws ConfigError. */
export async function openDatagrams(options: DatagramConfig = {}): Promise<DatagramSocket> {
  const config = datagramShape.check(options, '')
  const { localHost = '127.0.0.1', localPort = 0, remoteHost, remotePort, timeout = 300 } = config
  if ((remoteHost === undefined) !== (remotePort === undefined)) {
    throw new ConfigError('remotePort', 'expected remoteHost and remotePort, or neither')
  }
  const refuseOff = (host: string, field: string): void => {
    if (config[allowInsecureEndpoint] === true || isLoopback(host)) return
    throw new ConfigError(
      field,
      'datagrams in clear text stay on loopback: use DTLS, or set [allowInsecureEndpoint]',
    )
  }
  refuseOff(localHost, 'localHost')
  if (remoteHost !== undefined) refuseOff(remoteHost, 'remoteHost')
  const socket = createSocket(isIPv6(localHost) ? 'udp6' : 'udp4')
  const inbox = createInbox<Datagram>(timeout * 1000)
  socket.bind(localPort, localHost)
  // Rejects with the error that comes instead.
  await once(socket, 'listening')
  if (remoteHost !== undefined) {
    socket.connect(remotePort!, (await lookup(remoteHost)).address)
    await once(socket, 'connect')
  }
  socket.on('message', (data, from) => inbox.put({ remoteHost: from.address, remotePort: from.port, data }))
  // Nobody listens there, says the network, of a datagram that is lost anyway.
  socket.on('error', () => undefined)
  return {
    localPort: socket.address().port,
    writeBytes: (data) => sent((done) => socket.send(data, done)),
    async sendDatagram({ data, remoteHost: to, remotePort: at }) {
      refuseOff(to, 'remoteHost')
      await sent((done) => socket.send(data, at, to, done))
    },
    receive: () => inbox.take(),
    close: () => void socket.close(),
  }
}

function sent(send: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => send((error) => (error === null ? resolve() : reject(error))))
}
