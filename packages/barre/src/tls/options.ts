import { createSecureContext } from 'node:tls'
import {
  allowInsecureEndpoint,
  allowUnstapled,
  clientSecureSocketShape,
  ConfigError,
  listenerSecureSocketShape,
  systemClock,
} from '../core/index.ts'
import { constants } from 'node:crypto'
import { toCipherList, versionOf } from './ciphers.ts'
import { readKeyPair, readTrust } from './key-pair.ts'
import { listClientFiles, renewedContext } from './renewed-context.ts'
import type { SecureContextOptions, SecureVersion, TlsOptions } from 'node:tls'
import type {
  ClientCertValidation,
  ClientSecureSocket,
  ListenerSecureSocket,
  Log,
  TlsProtocol,
} from '../core/index.ts'

/** Options for `https.createServer`, `http2.createSecureServer` and `tls.createServer`. */
export interface ServerTlsOptions extends TlsOptions {
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
}

/** What an outgoing TLS connection needs. */
export interface ClientTlsOptions {
  readonly context: SecureContextOptions
  /** `context` for a connection opened later: read again where its files have changed, the same object otherwise. */
  readonly renewed: () => SecureContextOptions
  readonly rejectUnauthorized: boolean
  readonly verifyHostName: boolean
  readonly shareSession: boolean
  readonly serverName?: string
  readonly handshakeTimeoutMs?: number
  /** How long a session may be resumed; absent: as long as the server says. */
  readonly sessionTimeoutMs?: number
}

/**
 * The node:tls options of a listener. The files are read and checked: the key belongs to the certificate, the
 * chain is in order, all of it is valid now. Throws ConfigError that names `path` and the field.
 */
export function toServerOptions(
  secureSocket: ListenerSecureSocket,
  path: string,
  now: () => number = systemClock,
): ServerTlsOptions {
  if (secureSocket.certValidation !== undefined) {
    throw new ConfigError(
      `${path}.certValidation`,
      'nothing staples OCSP responses here; servers that watchCertificates looks after do, with toWatchedOptions',
    )
  }
  return readServer(secureSocket, path, now()).options
}

/** `toServerOptions` of a server that `watchCertificates` is given too: that one staples what `certValidation` says. */
export function toWatchedOptions(
  secureSocket: ListenerSecureSocket,
  path: string,
  now: () => number = systemClock,
): ServerTlsOptions {
  return readServer(secureSocket, path, now()).options
}

/** The options, with the time when the certificate ends, in milliseconds since the epoch. */
export function readServer(
  secureSocket: ListenerSecureSocket,
  path: string,
  nowMs: number,
): { readonly options: ServerTlsOptions & { readonly cert: string }; readonly expiresAtMs: number } {
  const config = listenerSecureSocketShape.check(secureSocket, path)
  refuseUnsupported(config, path)
  const { cert, key, passphrase, expiresAtMs } = readKeyPair(config.key, `${path}.key`, 'server', nowMs)
  const { mutualSsl, handshakeTimeout, sessionTimeout } = config
  const options = {
    ...toContextOptions(config, path),
    cert,
    key,
    ...(passphrase !== undefined && { passphrase }),
    ...(mutualSsl !== undefined && { ca: readTrust(mutualSsl.cert, `${path}.mutualSsl.cert`, nowMs) }),
    requestCert: mutualSsl !== undefined,
    rejectUnauthorized: mutualSsl !== undefined && mutualSsl.verifyClient !== 'OPTIONAL',
    ...(handshakeTimeout !== undefined && { handshakeTimeout: handshakeTimeout * 1000 }),
    ...(sessionTimeout !== undefined && { sessionTimeout: Math.ceil(sessionTimeout) }),
    // Without tickets and without a session store nothing can be resumed, in TLS 1.2 and 1.3 alike.
    ...(config.shareSession === false && { secureOptions: constants.SSL_OP_NO_TICKET }),
  }
  tryContext(options, path)
  return { options, expiresAtMs }
}

/**
 * What a library needs that opens its connections by itself, the files read and checked as in `toServerOptions`;
 * `tlsOpener` is for those that we open. Fields that such a library cannot keep are a ConfigError.
 */
export function toClientOptions(
  secureSocket: ClientSecureSocket,
  path: string,
  now: () => number = systemClock,
  log?: Log,
): ClientTlsOptions {
  const { options, certValidation } = readClientOptions(secureSocket, path, now, log)
  refuseSessions(secureSocket, path)
  if (certValidation === undefined) return options
  throw new ConfigError(
    `${path}.certValidation`,
    'the library of this wire opens its connections by itself and shows nobody what a server staples; remove it',
  )
}

/** Such libraries resume no session of an earlier connection: a field that speaks of resuming is a ConfigError. */
function refuseSessions({ shareSession, sessionTimeout }: ClientSecureSocket, path: string): void {
  const field = shareSession === true ? 'shareSession' : sessionTimeout === undefined ? '' : 'sessionTimeout'
  if (field !== '')
    throw new ConfigError(`${path}.${field}`, 'the library of this wire resumes no session; remove it')
}

/** The options, with what is left for whoever opens the connections to check. */
export function readClientOptions(
  secureSocket: ClientSecureSocket,
  path: string,
  now: () => number,
  log: Log | undefined,
): { readonly options: ClientTlsOptions; readonly certValidation: ClientCertValidation | undefined } {
  const config = clientSecureSocketShape.check(secureSocket, path)
  refuseUnsupported(config, path)
  refuseUnverified(config, path)
  if (config.certValidation?.[allowUnstapled] === true) {
    log?.warn({ path: `${path}.certValidation` }, 'servers that staple no OCSP response are accepted')
  }
  const { handshakeTimeout, sessionTimeout } = config
  const read = (): SecureContextOptions => readClient(config, path, now())
  const context = read()
  const options = {
    context,
    renewed: renewedContext(context, read, listClientFiles(config), path, { now, log }),
    rejectUnauthorized: config.enable !== false,
    verifyHostName: config.verifyHostName !== false,
    shareSession: config.shareSession !== false,
    ...(config.serverName !== undefined && { serverName: config.serverName }),
    ...(handshakeTimeout !== undefined && { handshakeTimeoutMs: handshakeTimeout * 1000 }),
    ...(sessionTimeout !== undefined && { sessionTimeoutMs: sessionTimeout * 1000 }),
  }
  return { options, certValidation: config.certValidation }
}

function readClient(config: ClientSecureSocket, path: string, nowMs: number): SecureContextOptions {
  const context: SecureContextOptions = {
    ...toContextOptions(config, path),
    ...(config.cert !== undefined && { ca: readTrust(config.cert, `${path}.cert`, nowMs) }),
    ...(config.key !== undefined && clientKey(config, path, nowMs)),
  }
  tryContext(context, path)
  return context
}

function clientKey(config: ClientSecureSocket, path: string, nowMs: number): SecureContextOptions {
  const { cert, key, passphrase } = readKeyPair(config.key!, `${path}.key`, 'client', nowMs)
  return { cert, key, ...(passphrase !== undefined && { passphrase }) }
}

function refuseUnsupported(config: ListenerSecureSocket | ClientSecureSocket, path: string): void {
  if (config.certValidation?.type === 'OCSP_CRL') {
    throw new ConfigError(
      `${path}.certValidation.type`,
      'node:tls cannot wait for a responder or a revocation list in the middle of a handshake; say OCSP_STAPLING',
    )
  }
  const name = config.protocol?.name
  if (name === 'SSL')
    throw new ConfigError(`${path}.protocol.name`, 'SSL is broken and never offered; say TLS')
  if (name === 'DTLS') {
    throw new ConfigError(
      `${path}.protocol.name`,
      'this wire runs over TCP, where DTLS has no meaning; say TLS',
    )
  }
}

function refuseUnverified(config: ClientSecureSocket, path: string): void {
  if (config.enable === false && config.certValidation !== undefined) {
    throw new ConfigError(
      `${path}.certValidation`,
      'enable is false, so that no certificate is validated at all; remove one of the two',
    )
  }
  if (config[allowInsecureEndpoint] === true) return
  if (config.enable === false) {
    throw new ConfigError(
      `${path}.enable`,
      'false accepts any server, an attacker too; give its CA in cert, or set [allowInsecureEndpoint]: true in code',
    )
  }
  if (config.verifyHostName === false && config.cert === undefined) {
    throw new ConfigError(
      `${path}.verifyHostName`,
      "false with the system's CAs accepts anybody's certificate; give the CA to trust in cert",
    )
  }
}

function toContextOptions(
  config: { readonly protocol?: TlsProtocol; readonly ciphers?: readonly string[] },
  path: string,
): SecureContextOptions {
  const versions = readVersions(config.protocol?.versions ?? [], `${path}.protocol.versions`)
  if (config.ciphers === undefined) return range(versions)
  const ciphers = toCipherList(config.ciphers, `${path}.ciphers`)
  const usable = versions.filter((version) => ciphers.some((cipher) => versionOf(cipher) === version))
  const unusable = (config.protocol?.versions ?? []).find(
    (version) => !usable.includes(version as SecureVersion),
  )
  if (unusable !== undefined) {
    throw new ConfigError(`${path}.ciphers`, `none of them is for ${unusable}, which protocol.versions lists`)
  }
  return { ...range(usable), ciphers: ciphers.join(':'), honorCipherOrder: true }
}

/** From lowest to highest: a version without a cipher of its own must not be spoken with OpenSSL's defaults. */
function range(versions: readonly SecureVersion[]): SecureContextOptions {
  return { minVersion: versions[0]!, maxVersion: versions.at(-1)! }
}

const supportedVersions: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3']

/** The versions in ascending order; none given means all. */
function readVersions(versions: readonly string[], path: string): readonly SecureVersion[] {
  for (const [index, version] of versions.entries()) {
    if (supportedVersions.includes(version as SecureVersion)) continue
    throw new ConfigError(`${path}[${index}]`, `expected TLSv1.2 or TLSv1.3, found ${version}`)
  }
  return versions.length === 0
    ? supportedVersions
    : supportedVersions.filter((version) => versions.includes(version))
}

/**
 * What only OpenSSL can judge (a key too small for its security level, for example) must also show at start.
 */
function tryContext(options: SecureContextOptions, path: string): void {
  try {
    createSecureContext(options)
  } catch (cause) {
    throw new ConfigError(path, `OpenSSL refuses it: ${(cause as Error).message}`, { cause })
  }
}
