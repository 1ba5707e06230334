import { checkServerIdentity } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import {
  allowInsecureEndpoint,
  clientSecureSocketShape,
  ConfigError,
  flag,
  isLoopback,
  number,
  oneOf,
  optional,
  text,
} from '../../core/index.ts'
import type { ClientSecureSocket, Members, Services, Shape } from '../../core/index.ts'
import { toClientOptions, toSocketOptions } from '../../tls/index.ts'

const securities = ['SSL', 'START_TLS_ALWAYS', 'START_TLS_AUTO', 'START_TLS_NEVER'] as const
export type MailSecurity = (typeof securities)[number]

/** How to connect to a mail server, and who we are there. */
export interface MailConfig<Auth = unknown> {
  readonly host: string
  /** Default: the protocol's own for TLS from the start (465, 993, 995), or for StartTLS (587, 143, 110). */
  readonly port?: number
  /**
   * `SSL` (default): TLS from the start. `START_TLS_ALWAYS`: asked for before all else, and required.
   * `START_TLS_AUTO`: clear text where the server offers no TLS, on loopback alone; elsewhere as `START_TLS_ALWAYS`.
   * `START_TLS_NEVER`: clear text, on loopback alone.
   */
  readonly security?: MailSecurity
  /** Whose mailbox it is; required where `auth` gives a token. */
  readonly username?: string
  /** Who we are: a client `auth` record. A token is sent by XOAUTH2 or OAUTHBEARER, as the server offers. */
  readonly auth?: Auth
  readonly secureSocket?: ClientSecureSocket
  /** Seconds until the connection stands; default 20. */
  readonly connectionTimeout?: number
  /** Speak in clear text off loopback, too. */
  readonly [allowInsecureEndpoint]?: boolean
}

/** Whether TLS is there from the start, required by StartTLS, taken where offered, or never there. */
export type Encryption = 'implicit' | 'required' | 'offered' | 'none'

/** A checked MailConfig. */
export interface MailSettings {
  readonly host: string
  readonly port: number
  readonly encryption: Encryption
  /** For `tls.connect`: each connection looks whether the files changed. */
  readonly tls: ConnectionOptions
  readonly timeoutMs: number
}

export const anyRecord: Shape<object> = { check: (value) => value as object, json: {} }

export const mailMembers: Members<MailConfig> = {
  host: text(),
  port: optional(number({ min: 1, max: 65_535, integer: true })),
  security: optional(oneOf(...securities)),
  username: optional(text()),
  auth: optional(anyRecord),
  secureSocket: optional(clientSecureSocketShape),
  connectionTimeout: optional(number({ min: 1, max: 3600, unit: 'seconds' })),
  [allowInsecureEndpoint]: optional(flag()),
}

const timeoutDefaultSeconds = 20

/** The ports of a protocol. */
export interface MailPorts {
  readonly implicit: number
  readonly startTls: number
}

/** Judges a configuration whose shape was checked. Throws ConfigError. */
export function toMailSettings(config: MailConfig, ports: MailPorts, services: Services): MailSettings {
  const { host, secureSocket = {}, connectionTimeout = timeoutDefaultSeconds } = config
  const encryption = toEncryption(config, services)
  const tls = toClientOptions(secureSocket, 'secureSocket', () => services.now(), services.log)
  const name = tls.serverName ?? host
  return {
    host,
    port: config.port ?? (encryption === 'implicit' ? ports.implicit : ports.startTls),
    encryption,
    tls: {
      ...toSocketOptions(tls),
      // Of the name that was configured, whatever name a library hands to node:tls.
      ...(tls.verifyHostName && {
        checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
      }),
    },
    timeoutMs: connectionTimeout * 1000,
  }
}

function toEncryption(config: MailConfig, { log }: Services): Encryption {
  const { host, security = 'SSL', secureSocket, [allowInsecureEndpoint]: isInsecure } = config
  if (security === 'SSL') return 'implicit'
  if (security === 'START_TLS_ALWAYS') return 'required'
  if (security === 'START_TLS_NEVER' && secureSocket !== undefined) {
    throw new ConfigError('security', 'START_TLS_NEVER is clear text, which secureSocket cannot secure')
  }
  const inClear = security === 'START_TLS_NEVER' ? 'none' : 'offered'
  if (isLoopback(host)) return inClear
  if (isInsecure === true) {
    log.warn({ host, security }, 'mail may be spoken in clear text: allowInsecureEndpoint')
    return inClear
  }
  // Whoever sits between could take the offer out of the server's greeting, and read the password.
  if (security === 'START_TLS_AUTO') return 'required'
  throw new ConfigError(
    'security',
    'clear text is for loopback alone; use SSL or START_TLS_ALWAYS, or set [allowInsecureEndpoint]: true in code',
  )
}
