import { compileAuth, createServices } from '../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { protect as protectWith } from '../transports/http/index.ts'
import type { ProtectedListener, RequestHandler, ResourceOptions } from '../transports/http/index.ts'

export { handler, normalisePath, phrase, sendRefusal, toCall, toSettings } from '../transports/http/index.ts'
export type * from '../transports/http/index.ts'

export interface ProtectOptions extends ResourceOptions<ResourceAuth> {
  readonly auth: AuthConfig
  readonly services?: Partial<Services>
}

/** Guards a request listener of node:http, node:https or node:http2 by a table of its resources; throws ConfigError. */
export function protect(options: ProtectOptions, listener: RequestHandler): ProtectedListener {
  const { auth, log, services } = options
  return protectWith(
    compileAuth(auth, createServices({ ...(log && { log }), ...services })),
    options,
    listener,
  )
}
