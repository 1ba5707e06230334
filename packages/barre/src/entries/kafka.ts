import { withAuth, withServices } from '../auth/index.ts'
import type { ClientAuthConfig, ResourceAuth, WithAuth, WithServices } from '../auth/index.ts'
import { guardPlatformatic, platformaticOptions } from '../transports/kafka/index.ts'
import type * as kafka from '../transports/kafka/index.ts'

export { attachIdentity } from './messages.ts'
export type * from '../transports/kafka/index.ts'
export type * from '../transports/messages/index.ts'

/** Options for the clients of `@platformatic/kafka`, with our TLS and our credential. Throws ConfigError. */
export const clientOptions: (
  config: WithServices<kafka.KafkaConfig<ClientAuthConfig>>,
) => kafka.KafkaOptions<kafka.PlatformaticOptions> = withServices(platformaticOptions)

/** Makes the guard of a consumer's messages; throws ConfigError. */
export const protect: (
  options: WithAuth<kafka.KafkaMessageOptions<kafka.PlatformaticProducer, ResourceAuth>>,
) => kafka.PlatformaticGuard = withAuth(guardPlatformatic)
