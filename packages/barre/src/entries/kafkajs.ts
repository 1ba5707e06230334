import { withAuth, withServices } from '../auth/index.ts'
import type { ClientAuthConfig, ResourceAuth, WithAuth, WithServices } from '../auth/index.ts'
import { guardKafkaJs, kafkaJsOptions } from '../transports/kafka/index.ts'
import type * as kafka from '../transports/kafka/index.ts'

export { attachIdentity } from './messages.ts'
export type * from '../transports/kafka/index.ts'
export type * from '../transports/messages/index.ts'

/** Options for `new Kafka()` of `kafkajs`, with our TLS and our credential. Throws ConfigError. */
export const clientOptions: (
  config: WithServices<kafka.KafkaConfig<ClientAuthConfig>>,
) => Promise<kafka.KafkaOptions<kafka.KafkaJsOptions>> = withServices(kafkaJsOptions)

/** Makes the guard of a consumer's messages; throws ConfigError. */
export const protect: (
  options: WithAuth<kafka.KafkaMessageOptions<kafka.KafkaJsProducer, ResourceAuth>>,
) => kafka.KafkaJsGuard = withAuth(guardKafkaJs)
