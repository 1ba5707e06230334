import { withAuth, withServices } from '../auth/index.ts'
import type { ClientAuthConfig, ResourceAuth, WithAuth, WithServices } from '../auth/index.ts'
import { guardStan, stanConnect } from '../transports/stan/index.ts'
import type { StanConfig, StanConnection, StanGuard, StanMessageOptions } from '../transports/stan/index.ts'

export { attachIdentity } from './messages.ts'
export { StanError } from '../transports/stan/index.ts'
export type * from '../transports/messages/index.ts'
export type * from '../transports/stan/index.ts'

/** Opens a connection to NATS Streaming, secured as one to NATS. Throws ConfigError. */
export const connect: (config: WithServices<StanConfig<ClientAuthConfig>>) => Promise<StanConnection> =
  withServices(stanConnect)

/** Makes the guard of a consumer's messages; throws ConfigError. */
export const protect: (options: WithAuth<StanMessageOptions<ResourceAuth>>) => StanGuard = withAuth(guardStan)
