import { Agent } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import type { Interceptor } from '@connectrpc/connect'
import { ConfigError } from '../../core/index.ts'
import type { allowInsecureEndpoint, ClientSecureSocket, Services } from '../../core/index.ts'
import { toClientOptions, toSocketOptions } from '../../tls/index.ts'
import { toBaseUrl } from '../fetch/index.ts'
import { credentialInterceptor } from './client-interceptor.ts'

/** Which server, and who we are there. */
export interface TransportConfig<Auth = unknown> {
  /** https, or plain http to loopback. */
  readonly baseUrl: string
  /** Who we are; absent: nobody, or with `onBehalfOf` the caller. */
  readonly auth?: Auth
  readonly secureSocket?: ClientSecureSocket
  readonly [allowInsecureEndpoint]?: boolean
}

/** Options of `createConnectTransport`, `createGrpcTransport` and `createGrpcWebTransport`, to be spread into them. */
export interface TransportOptions {
  readonly baseUrl: string
  readonly interceptors: Interceptor[]
  /** TLS; each connection gets the files of the configuration as they are then. */
  readonly nodeOptions: ConnectionOptions & { readonly agent?: Agent }
  /** Whether a credential can be had now. */
  ready(): boolean
  close(): Promise<void>
}

/**
 * Options of a transport whose calls carry our credential; throws ConfigError. A unary call that is refused as
 * unauthenticated is sent once more where another credential can be had. A call for which none can be had rejects with
 * a ConnectError whose `cause` is a CredentialError.
 */
export function transportOptions(
  config: TransportConfig,
  services: Pick<Services, 'credentialSource' | 'now' | 'log'>,
): TransportOptions {
  const { auth, secureSocket = {} } = config
  const base = toBaseUrl(config.baseUrl, config)
  const tls = toClientOptions(secureSocket, 'secureSocket', () => services.now(), services.log)
  if (tls.handshakeTimeoutMs !== undefined) {
    throw new ConfigError(
      'secureSocket.handshakeTimeout',
      'not used here: Connect opens its connections by itself; the timeoutMs of a call covers the handshake',
    )
  }
  const own = auth === undefined ? undefined : services.credentialSource(auth, 'auth')
  const propagation = services.credentialSource({ propagate: true }, 'auth')
  const interceptor = credentialInterceptor(base, ({ caller }) => own ?? (caller && propagation))
  const options = toSocketOptions(tls)
  // HTTP/1.1's common agent does not tell connections apart by their certificate; a resumed session would keep it.
  const agent = new Agent({ keepAlive: true, maxCachedSessions: 0, ...options })
  return {
    baseUrl: config.baseUrl,
    interceptors: [interceptor],
    nodeOptions: base.protocol === 'https:' ? { ...options, agent } : {},
    ready: () => own?.ready?.() ?? true,
    async close() {
      agent.destroy()
      await Promise.all([own?.close?.(), propagation.close?.()])
    },
  }
}
