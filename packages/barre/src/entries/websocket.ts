import { compileAuth, createServices } from '../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { protect as protectWith } from '../transports/websocket/index.ts'
import type { ProtectedSockets, SocketHandler, WebSocketOptions } from '../transports/websocket/index.ts'

export type * from '../transports/websocket/index.ts'
export * from './websocket-client.ts'

export interface ProtectOptions extends WebSocketOptions<ResourceAuth> {
  readonly auth: AuthConfig
  readonly services?: Partial<Services>
}

/** Guards the WebSockets of a service by a table of their paths; throws ConfigError. */
export function protect(options: ProtectOptions, handler?: SocketHandler): ProtectedSockets {
  const { auth, services, log } = options
  const all = createServices({ ...(log && { log }), ...services })
  return protectWith(compileAuth(auth, all), options, all, handler)
}
