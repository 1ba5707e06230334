import { withAuth, withServices } from '../auth/index.ts'
import type { ClientAuthConfig, ResourceAuth, WithAuth, WithServices } from '../auth/index.ts'
import { guardRabbitMq, rabbitMqConnect } from '../transports/rabbitmq/index.ts'
import type { RabbitMqConfig, RabbitMqGuard, RabbitMqMessageOptions } from '../transports/rabbitmq/index.ts'
import type { RecoveringChannelModel } from 'amqplib'

export { attachIdentity } from './messages.ts'
export type * from '../transports/messages/index.ts'
export type * from '../transports/rabbitmq/index.ts'

/** Opens a connection to RabbitMQ that recovers, and whose token is renewed in time. Throws ConfigError. */
export const connect: (
  config: WithServices<RabbitMqConfig<ClientAuthConfig>>,
) => Promise<RecoveringChannelModel> = withServices(rabbitMqConnect)

/** Makes the guard of consumers; throws ConfigError. */
export const protect: (options: WithAuth<RabbitMqMessageOptions<ResourceAuth>>) => RabbitMqGuard =
  withAuth(guardRabbitMq)
