import { withAuth, withServices } from '../auth/index.ts'
import type { ClientAuthConfig, ResourceAuth, WithAuth, WithServices } from '../auth/index.ts'
import { protect as protectWith, transportOptions as optionsOf } from '../transports/connect/index.ts'
import type * as Connect from '../transports/connect/index.ts'

export { connectCodes, CredentialError, onBehalfOf, principalOf } from '../transports/connect/index.ts'
export type * from '../transports/connect/index.ts'

type Options = WithAuth<Connect.ConnectOptions<ResourceAuth>>
type ClientOptions = WithServices<Connect.TransportConfig<ClientAuthConfig>>

/** Guards the RPCs of a service and serves them; throws ConfigError. */
export const protect: (options: Options) => Connect.ConnectListener = withAuth(protectWith)

/** Options of a transport of Connect whose calls carry our credential; throws ConfigError. */
export const transportOptions: (options: ClientOptions) => Connect.TransportOptions = withServices(optionsOf)
