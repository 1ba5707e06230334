import { withAuth, withServices } from '../auth/index.ts'
import type { ClientAuthConfig, ResourceAuth, WithAuth, WithServices } from '../auth/index.ts'
import { guardNats, natsConnect } from '../transports/nats/index.ts'
import type { NatsConfig, NatsGuard, NatsMessageOptions } from '../transports/nats/index.ts'
import type { NatsConnection } from '@nats-io/transport-node'

export { attachIdentity } from './messages.ts'
export type * from '../transports/messages/index.ts'
export type * from '../transports/nats/index.ts'

/** Opens a connection to NATS that shows our credential, and a fresh one before it ends. Throws ConfigError. */
export const connect: (config: WithServices<NatsConfig<ClientAuthConfig>>) => Promise<NatsConnection> =
  withServices(natsConnect)

/** Makes the guard of a consumer's messages; throws ConfigError. */
export const protect: (options: WithAuth<NatsMessageOptions<ResourceAuth>>) => NatsGuard = withAuth(guardNats)
