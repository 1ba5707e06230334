import { Server, ServerCredentials } from '@grpc/grpc-js'
import type { Metadata, ServerOptions } from '@grpc/grpc-js'
import type { ConfigError, ListenerSecureSocket, Principal, Rules, Services } from '../../core/index.ts'
import { toSettings } from '../http/index.ts'
import type { HttpOptions } from '../http/index.ts'
import { methodPolicies } from '../rpc/index.ts'
import { callGuard } from './call-guard.ts'
import { grants } from './granted-calls.ts'
import { serverCredentials } from './server-credentials.ts'

export interface GrpcServerOptions<Auth> extends Omit<HttpOptions, 'resourceMetadata'> {
  /**
   * What a service (`'orders.Orders'`) or one of its methods (`'orders.Orders/Place'`) demands; `true` is the server's
   * `auth` as it is, `false` is open. A method in no row demands what its service does; a service in none, `auth`.
   */
  readonly resources?: Readonly<Record<string, Auth | true>>
  /** TLS of `listen`; absent: clear text, on loopback only. Its files are watched. */
  readonly secureSocket?: ListenerSecureSocket
  /** Options of the gRPC server itself; `interceptors` see admitted calls only. */
  readonly server?: ServerOptions
}

/** What an entry makes a server from. */
export interface GrpcServerConfig<Auth, ResourceAuth> extends GrpcServerOptions<ResourceAuth> {
  readonly auth: Auth
  readonly services?: Partial<Services>
}

/** A gRPC server that lets in who may call. Services are added to it as to any other. */
export interface GuardedServer extends Server {
  /**
   * Binds `host:port`, over TLS where there is a `secureSocket`, and gives the port. Rejects with ConfigError for what
   * must not be served.
   */
  listen(address: string): Promise<number>
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Lets calls under way end, then closes the providers. */
  close(): Promise<void>
}

/** Who called, from what a handler gets; absent where the method is open, or optional and nobody authenticated. */
export function principalOf({ metadata }: { readonly metadata: Metadata }): Principal | undefined {
  return grants.get(metadata)?.principal
}

/** Makes a gRPC server; throws ConfigError. */
export function guardedServer(
  rules: Rules,
  options: GrpcServerOptions<unknown>,
  services: Pick<Services, 'now' | 'log' | 'revocations'>,
): GuardedServer {
  const settings = toSettings(options)
  const guard = callGuard(rules, settings, services)
  const server = new Server({
    ...options.server,
    interceptors: [guard.interceptor, ...(options.server?.interceptors ?? [])],
  })
  const policies = methodPolicies(rules, settings, options.resources ?? {})
  const tls = options.secureSocket && serverCredentials(options.secureSocket, services)
  let problem: ConfigError | undefined
  guard.attach(server, policies, (found) => (problem = found))
  return Object.assign(server, {
    async listen(address: string): Promise<number> {
      policies.check()
      problem = undefined
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      server.bindAsync(address, tls?.credentials ?? ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(problem ?? error),
      )
      return promise
    },
    ready: () => rules.ready(),
    async close(): Promise<void> {
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
      tls?.close()
      await rules.close()
    },
  })
}
