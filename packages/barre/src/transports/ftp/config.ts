import {
  allowInsecureEndpoint,
  clientSecureSocketShape,
  flag,
  isRecord,
  oneOf,
  optional,
  record,
  text,
} from '../../core/index.ts'
import type { ClientSecureSocket, Shape } from '../../core/index.ts'
import { limitsMembers } from '../files/index.ts'
import type { LimitsConfig } from '../files/index.ts'

/** How to reach an FTP server. */
export interface FtpConfig<Auth = unknown> extends LimitsConfig {
  /** `ftps://files.internal:21`; `ftp:` is accepted on loopback alone. */
  readonly url: string
  /** Who we are: a client `auth` record that gives a user name and a password. */
  readonly auth: Auth
  readonly secureSocket?: FtpSecureSocket
  /** Speak in clear text off loopback, too. */
  readonly [allowInsecureEndpoint]?: boolean
}

/** TLS of both channels: the data channel is protected always, and by the same authorities and names. */
export interface FtpSecureSocket extends ClientSecureSocket {
  /** Asked for by `AUTH TLS` (default, port 21), or there from the first byte (port 990). */
  readonly mode?: 'EXPLICIT' | 'IMPLICIT'
  /** Nothing else is spoken. */
  readonly dataChannelProtection?: 'PRIVATE'
}

type Mode = Pick<FtpSecureSocket, 'mode' | 'dataChannelProtection'>

const modeShape = record<Mode>({
  mode: optional(oneOf('EXPLICIT', 'IMPLICIT')),
  dataChannelProtection: optional(oneOf('PRIVATE')),
})

const secureSocketShape: Shape<FtpSecureSocket> = {
  check(value, path) {
    const { mode, dataChannelProtection, ...tls } = isRecord(value) ? value : {}
    return {
      ...clientSecureSocketShape.check(isRecord(value) ? tls : value, path),
      ...modeShape.check({ mode, dataChannelProtection }, path),
    }
  },
  json: { allOf: [clientSecureSocketShape.json, modeShape.json] },
}

const anyRecord: Shape<object> = { check: (value) => value as object, json: {} }

export const ftpShape: Shape<FtpConfig> = record<FtpConfig>({
  url: text(),
  auth: anyRecord,
  secureSocket: optional(secureSocketShape),
  ...limitsMembers,
  [allowInsecureEndpoint]: optional(flag()),
})
