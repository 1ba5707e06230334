import {
  allowInsecureEndpoint,
  clientSecureSocketShape,
  either,
  flag,
  list,
  optional,
  record,
  secret,
  text,
} from '../../core/index.ts'
import type { ConnectionOptions } from '@nats-io/transport-node'
import type { ClientSecureSocket, Secret, Shape } from '../../core/index.ts'

/** How to connect to NATS. */
export interface NatsConfig<Auth = unknown> {
  /** One server or several of a cluster: `tls://nats.internal:4222`. */
  readonly url: string | readonly string[]
  /**
   * Who we are: a client `auth` record (a password is sent as user and password, a token as auth token), or a key of
   * NATS's own.
   */
  readonly auth?: Auth | NatsKeyAuth
  /** TLS. Always required, unless every server is `nats://` on loopback and this is absent. */
  readonly secureSocket?: ClientSecureSocket
  /** Default `barre`. */
  readonly connectionName?: string
  readonly inboxPrefix?: string
  readonly noEcho?: boolean
  /** What else the library takes: `reconnectTimeWait`, `pingInterval`. */
  readonly options?: Omit<ConnectionOptions, 'servers' | 'tls' | 'authenticator' | 'user' | 'pass' | 'token'>
  /** Speak in clear text to `nats://` off loopback, too. */
  readonly [allowInsecureEndpoint]?: boolean
}

/** A credential that signs the server's nonce; its secret is never sent. */
export type NatsKeyAuth = CredsFileConfig | NkeyConfig

/** A decentralised JWT and its key, as `nsc` writes them; the file is read anew for each connection. */
export interface CredsFileConfig {
  readonly credsFile: string
}

/** The seed of a user's NKey: `SU...`. */
export interface NkeyConfig {
  readonly nkeySeed: string | Secret
}

export const credsFileShape: Shape<CredsFileConfig> = record<CredsFileConfig>({ credsFile: text() })
export const nkeyShape: Shape<NkeyConfig> = record<NkeyConfig>({ nkeySeed: secret() })

const anything: Shape<object> = { check: (value) => value as object, json: {} }

export const natsShape: Shape<NatsConfig> = record<NatsConfig>({
  url: either(text(), list(text(), 1)),
  auth: optional(anything),
  secureSocket: optional(clientSecureSocketShape),
  connectionName: optional(text()),
  inboxPrefix: optional(text()),
  noEcho: optional(flag()),
  options: optional(anything),
  [allowInsecureEndpoint]: optional(flag()),
})
