import type { WebSocket } from 'ws'
import { allowInsecureEndpoint, checkEndpoint, ConfigError, number } from '../../core/index.ts'
import type { ClientSecureSocket, CredentialSource, Need, Outgoing, Services } from '../../core/index.ts'
import { tlsOpener } from '../../tls/index.ts'
import { credentialHeaders, obtain, renewWith, toNeed } from '../fetch/index.ts'
import type { CallerRequest } from '../fetch/index.ts'
import { HandshakeError, openSocket, toTlsOptions } from './handshake.ts'
import type { Opening } from './handshake.ts'
import { renewInBand } from './renewal.ts'

/** What a client connects to, and how. */
export interface WebSocketClientConfig<Auth = unknown> {
  /** Paths are appended to it. wss, or plain ws to loopback. */
  readonly url: string
  /** Who we are; absent: nobody, or with `caller` the caller. */
  readonly auth?: Auth
  readonly secureSocket?: ClientSecureSocket
  readonly customHeaders?: Readonly<Record<string, string>>
  readonly subProtocols?: readonly string[]
  /** The longest message that is taken, in bytes; default 65,536. */
  readonly maxFrameSize?: number
  /** Seconds; default 5. */
  readonly handShakeTimeout?: number
  /** Send a new credential on the open connection before the old one ends, to a server that has `inBand`. */
  readonly inBand?: boolean
  /** Plain ws off loopback is refused without it. */
  readonly [allowInsecureEndpoint]?: boolean
}

export interface ConnectInit {
  /** The inbound request on whose behalf we connect: a source that propagates or infers needs it. */
  readonly caller?: CallerRequest | undefined
  readonly audience?: string
  readonly scopes?: readonly string[]
}

export interface WebSocketClient {
  /**
   * Opens a connection with a credential that is good now; to connect again is to call again. Throws CredentialError
   * where no credential could be had, HandshakeError where the server refuses.
   */
  connect(path?: string, init?: ConnectInit): Promise<WebSocket>
  /** Whether a credential can be had now. */
  ready(): boolean
  /** Closes every open connection and the source of credentials. */
  close(): Promise<void>
}

/** Makes a client; throws ConfigError. */
export function webSocketClient(
  config: WebSocketClientConfig,
  services: Pick<Services, 'now' | 'credentialSource'>,
): WebSocketClient {
  const { auth, subProtocols = [], customHeaders, maxFrameSize = 65_536, handShakeTimeout = 5 } = config
  const base = toBase(config)
  const openingMs =
    number({ min: 0.001, max: 3600, unit: 'seconds' }).check(handShakeTimeout, 'handShakeTimeout') * 1000
  const options = {
    ...(base.protocol === 'wss:' &&
      toTlsOptions(
        tlsOpener(config.secureSocket ?? {}, 'secureSocket', () => services.now()),
        openingMs,
      )),
    maxPayload: number({ min: 1, integer: true, unit: 'bytes' }).check(maxFrameSize, 'maxFrameSize'),
    handshakeTimeout: openingMs,
    perMessageDeflate: false,
    followRedirects: false,
  }
  const own = auth === undefined ? undefined : services.credentialSource(auth, 'auth')
  const propagation = services.credentialSource({ propagate: true }, 'auth')
  const open = new Set<WebSocket>()
  const openWith = (url: URL, outgoing: Outgoing | undefined): Promise<Opening> =>
    openSocket(url, subProtocols, {
      ...options,
      headers: { ...customHeaders, ...(outgoing && Object.fromEntries(credentialHeaders(outgoing))) },
    })

  return {
    async connect(path = '', init = {}) {
      const url = toUrl(base, path)
      const source = own ?? (init.caller === undefined ? undefined : propagation)
      const { socket, credential } = await openAuthenticated(source, needOf(url, init), (outgoing) =>
        openWith(url, outgoing),
      )
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      if (config.inBand === true && source !== undefined) {
        renewInBand(socket, { source, need: needOf(url, init), now: () => services.now() }, credential)
      }
      return socket
    },
    ready: () => own?.ready?.() ?? true,
    async close() {
      for (const socket of open) socket.close(1000)
      await Promise.all([own?.close?.(), propagation.close?.()])
    },
  }
}

/** As over HTTP: after a 401 the source is asked once more, told what was refused. */
async function openAuthenticated(
  source: CredentialSource | undefined,
  need: Need,
  openWith: (outgoing: Outgoing | undefined) => Promise<Opening>,
): Promise<{ readonly socket: WebSocket; readonly credential: Outgoing | undefined }> {
  const credential = source && (await obtain(source, need))
  const first = await openWith(credential)
  if ('socket' in first) return { socket: first.socket, credential }
  if (first.refused.statusCode !== 401 || source === undefined || credential === undefined) {
    throw new HandshakeError(first.refused)
  }
  const metadata = (name: string): readonly string[] =>
    first.refused.headersDistinct[name.toLowerCase()] ?? []
  const renewed = await renewWith(source, need, credential, metadata)
  if (renewed === undefined) throw new HandshakeError(first.refused)
  const second = await openWith(renewed)
  if ('socket' in second) return { socket: second.socket, credential: renewed }
  throw new HandshakeError(second.refused)
}

function toBase({ url, [allowInsecureEndpoint]: mayBePlain }: WebSocketClientConfig): URL {
  const scheme = typeof url === 'string' ? /^(wss?):/i.exec(url)?.[1]?.toLowerCase() : undefined
  if (scheme === undefined)
    throw new ConfigError('url', 'expected a URL that begins with wss:, or ws: to loopback')
  // The rules of endpoints are written for http: they are the same here.
  const asHttp = url.replace(/^ws/i, 'http')
  const base = checkEndpoint(asHttp, 'url', mayBePlain === true ? { [allowInsecureEndpoint]: true } : {})
  if (base.search !== '' || base.hash !== '')
    throw new ConfigError('url', 'expected no query and no fragment')
  return new URL(base.href.replace(/^http/, 'ws'))
}

/** Appends a path; TypeError for one that leaves the base. */
function toUrl(base: URL, path: string): URL {
  const directory = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`
  const url = new URL(path === '' ? base.href : `${base.origin}${directory}${path.replace(/^\//, '')}`)
  if (url.origin === base.origin && `${url.pathname}/`.startsWith(directory)) return url
  throw new TypeError('expected a path below the url of the client')
}

function needOf(url: URL, init: ConnectInit): Need {
  return { method: 'GET', target: url.href.replace(/^ws/, 'http'), ...toNeed(init) }
}
