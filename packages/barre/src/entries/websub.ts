import { compileAuth, createServices } from '../auth/index.ts'
import type { AuthConfig, ClientAuthConfig, ResourceAuth } from '../auth/index.ts'
import * as WebSub from '../transports/websub/index.ts'

export { CredentialError } from '../transports/fetch/index.ts'
export { linkHeader, sqliteSubscriptions } from '../transports/websub/index.ts'
export type * from '../transports/websub/index.ts'

/** Makes a hub whose endpoint is guarded; throws ConfigError. */
export function createHub({ auth, ...config }: WebSub.HubOptions<AuthConfig, ResourceAuth>): WebSub.Hub {
  const services = createServices(config.services)
  return WebSub.hub(compileAuth(auth, services), config, services)
}

type SubscriberConfig = WebSub.SubscriberConfig<ClientAuthConfig>

/** Makes a subscriber, whose requests to the hub carry our credential; throws ConfigError. */
export function createSubscriber(config: SubscriberConfig, to: WebSub.SubscriberService): WebSub.Subscriber {
  return WebSub.subscriber(config, to, createServices(config.services))
}

/** Makes a publisher, whose requests to the hub carry our credential; throws ConfigError. */
export function createPublisher(config: WebSub.PublisherConfig<ClientAuthConfig>): WebSub.Publisher {
  return WebSub.publisher(config, createServices(config.services))
}
