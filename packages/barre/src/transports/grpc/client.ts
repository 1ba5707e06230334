import { credentials, Metadata } from '@grpc/grpc-js'
import type { ChannelCredentials, Client, ClientOptions } from '@grpc/grpc-js'
import { checkEndpoint, ConfigError } from '../../core/index.ts'
import type { allowInsecureEndpoint, ClientSecureSocket, Services } from '../../core/index.ts'
import { toClientOptions } from '../../tls/index.ts'
import { channelCredentials } from './channel-credentials.ts'
import { credentialInterceptor, needs } from './client-interceptor.ts'
import type { CallNeed } from './client-interceptor.ts'

/** Which gRPC server, and who we are there. */
export interface GrpcClientConfig<Auth = unknown> {
  /** `https://orders.internal:50051`, or `http://` to loopback; nothing after the port. */
  readonly url: string
  /** Who we are; absent: nobody, or with `onBehalfOf` the caller. */
  readonly auth?: Auth
  readonly secureSocket?: ClientSecureSocket
  /** Options of the gRPC client itself. */
  readonly client?: ClientOptions
  readonly services?: Partial<Services>
  readonly [allowInsecureEndpoint]?: boolean
}

/** A generated client class, or what `makeClientConstructor` and `loadPackageDefinition` make. */
export type ClientClass<C extends Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options?: ClientOptions,
) => C

/**
 * Makes a client whose calls carry our credential; throws ConfigError. A unary call that is refused as UNAUTHENTICATED
 * is sent once more where another credential can be had. A call for which none can be had ends with a status whose
 * `cause` is a CredentialError.
 */
export function grpcClient<C extends Client>(
  ClientOfService: ClientClass<C>,
  config: GrpcClientConfig,
  services: Pick<Services, 'credentialSource' | 'now' | 'log'>,
): C {
  const { auth, client = {} } = config
  const url = checkEndpoint(config.url, 'url', config)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new ConfigError('url', 'expected an origin, such as https://orders.internal:50051')
  }
  const own = auth === undefined ? undefined : services.credentialSource(auth, 'auth')
  const propagation = services.credentialSource({ propagate: true }, 'auth')
  const { channel, port, options } = openChannel(url, config.secureSocket, services)
  return new ClientOfService(`${url.hostname}:${port}`, channel, {
    ...options,
    ...client,
    interceptors: [
      ...(client.interceptors ?? []),
      credentialInterceptor(url.origin, (need) => own ?? (need.caller && propagation)),
    ],
  })
}

interface Channel {
  readonly channel: ChannelCredentials
  readonly port: string
  readonly options: ClientOptions
}

function openChannel(
  { protocol, port }: URL,
  secureSocket: ClientSecureSocket = {},
  services: Pick<Services, 'now' | 'log'>,
): Channel {
  const tls = toClientOptions(secureSocket, 'secureSocket', () => services.now(), services.log)
  if (protocol === 'http:') return { channel: credentials.createInsecure(), port: port || '80', options: {} }
  const name = tls.serverName === undefined ? {} : { 'grpc.ssl_target_name_override': tls.serverName }
  return { channel: channelCredentials(tls), port: port || '443', options: name }
}

/** The metadata of a call that is made for somebody, or that needs a token for an audience or scopes of its own. */
export function onBehalfOf(need: CallNeed, metadata: Metadata = new Metadata()): Metadata {
  needs.set(metadata, need)
  return metadata
}

export type { CallNeed }
