import type { Client } from '@grpc/grpc-js'
import { createServices, withAuth } from '../auth/index.ts'
import type { AuthConfig, ClientAuthConfig, ResourceAuth } from '../auth/index.ts'
import { grpcClient, guardedServer } from '../transports/grpc/index.ts'
import type * as Grpc from '../transports/grpc/index.ts'

export { CredentialError, grpcStatuses, onBehalfOf, principalOf } from '../transports/grpc/index.ts'
export type * from '../transports/grpc/index.ts'

type ServerConfig = Grpc.GrpcServerConfig<AuthConfig, ResourceAuth>

/** Makes a gRPC server whose methods are guarded; throws ConfigError. */
export const createServer: (options: ServerConfig) => Grpc.GuardedServer = withAuth(guardedServer)

type ClientConfig = Grpc.GrpcClientConfig<ClientAuthConfig>

/** Makes a client of a service whose calls carry our credential; throws ConfigError. */
export function createClient<C extends Client>(service: Grpc.ClientClass<C>, config: ClientConfig): C {
  return grpcClient(service, config, createServices(config.services))
}
