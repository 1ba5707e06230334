import { compileAuth, createServices } from '../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { protect as protectWith } from '../transports/hono/index.ts'
import type { Allow } from '../transports/hono/index.ts'
import type { HttpOptions } from '../transports/http/index.ts'

export { passesOn } from '../transports/http/index.ts'
export { open } from '../transports/hono/index.ts'
export type * from '../transports/hono/index.ts'

export interface ProtectOptions extends HttpOptions {
  readonly auth: AuthConfig
  readonly services?: Partial<Services>
}

/** Makes the guards of a Hono 4 service; throws ConfigError. */
export function protect({ auth, services, ...options }: ProtectOptions): Allow<ResourceAuth> {
  return protectWith(
    compileAuth(auth, createServices({ ...(options.log && { log: options.log }), ...services })),
    options,
  )
}
