import type { Client } from '@grpc/grpc-js'
import { compileAuth, createServices } from '../auth/index.ts'
import type { AuthConfig, ClientAuthConfig, ResourceAuth } from '../auth/index.ts'
import { grpcClient, guardedServer } from '../transports/grpc/index.ts'
import type * as Grpc from '../transports/grpc/index.ts'

export { CredentialError, grpcStatuses, onBehalfOf, principalOf } from '../transports/grpc/index.ts'
export type * from '../transports/grpc/index.ts'

/** Makes a gRPC server whose methods are guarded; throws ConfigError. */
export function createServer(options: Grpc.GrpcServerConfig<AuthConfig, ResourceAuth>): Grpc.GuardedServer {
  const services = createServices({ ...(options.log && { log: options.log }), ...options.services })
  return guardedServer(compileAuth(options.auth, services), options, services)
}

type ClientConfig = Grpc.GrpcClientConfig<ClientAuthConfig>

/** Makes a client of a service whose calls carry our credential; throws ConfigError. */
export function createClient<C extends Client>(service: Grpc.ClientClass<C>, config: ClientConfig): C {
  return grpcClient(service, config, createServices(config.services))
}
