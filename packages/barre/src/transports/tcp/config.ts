import {
  allowInsecureEndpoint,
  allowInsecureListener,
  clientSecureSocketShape,
  flag,
  listenerSecureSocketShape,
  number,
  optional,
  record,
  text,
} from '../../core/index.ts'
import type { ClientSecureSocket, ListenerSecureSocket, Shape } from '../../core/index.ts'

/** How to serve TCP. */
export interface TcpServerConfig {
  /** TLS. Absent: clear text. */
  readonly secureSocket?: ListenerSecureSocket
  /** How long a connection may take to be let in, handshake included, in seconds; default 10. */
  readonly initTimeoutSeconds?: number
  /** Connections that are not let in yet, at one time; default 1,000. */
  readonly unauthenticatedMax?: number
  /** Connections at one time; default 10,000. */
  readonly connectionsMax?: number
  /** Serve `auth` in clear text off loopback, too. */
  readonly [allowInsecureListener]?: boolean
}

/** Where to connect, and how. */
export interface TcpClientConfig {
  readonly host: string
  readonly port: number
  /** TLS. Always spoken, unless the host is loopback and this is absent. */
  readonly secureSocket?: ClientSecureSocket
  /** The address of this machine to connect from. */
  readonly localHost?: string
  /** Seconds; default 5. */
  readonly connectTimeout?: number
  /** Without `secureSocket`: speak in clear text off loopback, too. */
  readonly [allowInsecureEndpoint]?: boolean
}

export const tcpServerShape: Shape<TcpServerConfig> = record<TcpServerConfig>({
  secureSocket: optional(listenerSecureSocketShape),
  initTimeoutSeconds: optional(number({ min: 1, max: 3600, unit: 'seconds' })),
  unauthenticatedMax: optional(number({ min: 1, integer: true })),
  connectionsMax: optional(number({ min: 1, integer: true })),
  [allowInsecureListener]: optional(flag()),
})

export const tcpClientShape: Shape<TcpClientConfig> = record<TcpClientConfig>({
  host: text(),
  port: number({ min: 1, max: 65_535, integer: true }),
  secureSocket: optional(clientSecureSocketShape),
  localHost: optional(text()),
  connectTimeout: optional(number({ min: 0.001, max: 3600, unit: 'seconds' })),
  [allowInsecureEndpoint]: optional(flag()),
})
