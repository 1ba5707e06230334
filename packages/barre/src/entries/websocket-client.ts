import { createServices } from '../auth/index.ts'
import type { ClientAuthConfig } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { webSocketClient } from '../transports/websocket/index.ts'
import type { WebSocketClient, WebSocketClientConfig } from '../transports/websocket/index.ts'

export { CredentialError } from '../transports/fetch/index.ts'
export { HandshakeError } from '../transports/websocket/index.ts'

export interface ClientOptions extends WebSocketClientConfig<ClientAuthConfig> {
  readonly services?: Partial<Services>
}

/** Makes a client that opens connections which carry our credential; throws ConfigError. */
export function createClient({ services, ...config }: ClientOptions): WebSocketClient {
  return webSocketClient(config, createServices(services))
}
