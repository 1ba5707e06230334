import {
  clientSecureSocketShape,
  ConfigError,
  listenerSecureSocketShape,
  number,
  optional,
  record,
  secret,
  table,
  text,
} from '../../core/index.ts'
import type { ClientSecureSocket, ListenerSecureSocket, Secret, Shape } from '../../core/index.ts'
import { cipherSuites, findSuite } from './dtls/index.ts'
import type { CipherSuite } from './dtls/index.ts'

export const datagramMaxBytesDefault = 1232
/** The longest wait before a part of the handshake is sent again, in milliseconds (RFC 6347 §4.2.4.1). */
export const retransmitMaxMs = 60_000

/** What both ends of DTLS are told. */
interface EndConfig {
  /** The largest datagram that is sent, in bytes; default 1,232, which every path of IPv6 carries. */
  readonly datagramMaxBytes?: number
  /** How long to wait before a part of the handshake is sent again, in seconds; default 1, doubled each time. */
  readonly retransmitSeconds?: number
}

/** How to serve DTLS. */
export interface DtlsServerConfig extends EndConfig {
  /** Our certificate, and whose we ask for. */
  readonly secureSocket?: ListenerSecureSocket
  /** Identities and their keys, in hexadecimal, 16 bytes at least; also beside a certificate. */
  readonly sharedKeys?: Readonly<Record<string, string | Secret>>
  /** How long a connection may take to be let in, handshake included, in seconds; default 10. */
  readonly initTimeoutSeconds?: number
  /** How long a connection may be silent, in seconds; default 300. Nothing else says that a peer is gone. */
  readonly idleTimeoutSeconds?: number
  /** Connections that are not let in yet, at one time; default 1,000. */
  readonly unauthenticatedMax?: number
  /** Connections at one time; default 10,000. */
  readonly connectionsMax?: number
}

/** Where to connect, and how. */
export interface DtlsClientConfig extends EndConfig {
  readonly host: string
  readonly port: number
  /** Whom we trust, and our certificate. */
  readonly secureSocket?: ClientSecureSocket
  /** Our identity and its key, in hexadecimal; in place of certificates. */
  readonly sharedKey?: { readonly identity: string; readonly key: string | Secret }
  /** How long the handshake may take, in seconds; default 10. */
  readonly connectTimeout?: number
}

const datagram = {
  datagramMaxBytes: optional(number({ min: 256, max: 65_507, integer: true, unit: 'bytes' })),
  retransmitSeconds: optional(number({ min: 0.01, max: 60, unit: 'seconds' })),
} as const

const seconds = number({ min: 1, max: 86_400, unit: 'seconds' })
const count = number({ min: 1, integer: true })

export const dtlsServerShape: Shape<DtlsServerConfig> = record<DtlsServerConfig>({
  ...datagram,
  secureSocket: optional(listenerSecureSocketShape),
  sharedKeys: optional(table(secret())),
  initTimeoutSeconds: optional(seconds),
  idleTimeoutSeconds: optional(seconds),
  unauthenticatedMax: optional(count),
  connectionsMax: optional(count),
})

export const dtlsClientShape: Shape<DtlsClientConfig> = record<DtlsClientConfig>({
  ...datagram,
  host: text(),
  port: number({ min: 1, max: 65_535, integer: true }),
  secureSocket: optional(clientSecureSocketShape),
  sharedKey: optional(
    record<NonNullable<DtlsClientConfig['sharedKey']>>({ identity: text(), key: secret() }),
  ),
  connectTimeout: optional(number({ min: 0.001, max: 3600, unit: 'seconds' })),
})

/** The shortest key, in bytes: what the suites are for. */
const keyMinBytes = 16
const identityMaxBytes = 128

export function toPskKey(identity: string, key: string | Secret, path: string): Buffer {
  if (Buffer.byteLength(identity) > identityMaxBytes) {
    throw new ConfigError(path, `expected an identity of ${identityMaxBytes} bytes or less`)
  }
  const hex = typeof key === 'string' ? key : key.reveal()
  const bytes = Buffer.from(hex, 'hex')
  if (/^(?:[0-9a-f]{2})+$/i.test(hex) && bytes.length >= keyMinBytes) return bytes
  throw new ConfigError(path, `expected ${keyMinBytes} random bytes or more, in hexadecimal`)
}

type SecureSocket = ListenerSecureSocket | ClientSecureSocket

/** What node:tls and DTLS have in common; a field that DTLS cannot honour is a ConfigError. */
export function toTlsFields<S extends SecureSocket>(secureSocket: S): Omit<S, 'protocol' | 'ciphers'> {
  const { protocol, ciphers: _ciphers, shareSession, sessionTimeout, ...fields } = secureSocket
  if (protocol !== undefined && protocol.name !== 'DTLS')
    refuse('protocol.name', 'this wire is UDP; say DTLS')
  protocol?.versions?.forEach((version, index) => {
    if (version !== 'DTLSv1.2')
      refuse(`protocol.versions[${index}]`, 'expected DTLSv1.2, the one version here')
  })
  const mend = 'sessions of DTLS are never resumed here; remove it'
  if (shareSession === true) refuse('shareSession', mend)
  if (sessionTimeout !== undefined) refuse('sessionTimeout', mend)
  return fields as Omit<S, 'protocol' | 'ciphers'>
}

function refuse(field: string, mend: string): never {
  throw new ConfigError(`secureSocket.${field}`, mend)
}

/** The suites by name; those that a key exchange makes no use of are left out when one is chosen. */
export function toSuites(secureSocket: SecureSocket | undefined): readonly CipherSuite[] {
  return (
    secureSocket?.ciphers?.map((name, index) => {
      const suite = findSuite(name)
      if (suite !== undefined) return suite
      const known = cipherSuites.map(({ names }) => names[1]).join(', ')
      throw new ConfigError(
        `secureSocket.ciphers[${index}]`,
        `DTLS here has no cipher ${name}; known: ${known}`,
      )
    }) ?? cipherSuites
  )
}
