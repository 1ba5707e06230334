import { compileAuth, createServices } from '../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { protect as protectWith } from '../transports/express/index.ts'
import type { Allow, ExpressOptions } from '../transports/express/index.ts'

export { open } from '../transports/express/index.ts'
export type * from '../transports/express/index.ts'

export interface ProtectOptions extends ExpressOptions<ResourceAuth> {
  readonly auth: AuthConfig
  readonly services?: Partial<Services>
}

/** Makes the guards of an Express 5 service; throws ConfigError. */
export function protect({ auth, services, ...options }: ProtectOptions): Allow<ResourceAuth> {
  return protectWith(
    compileAuth(auth, createServices({ ...(options.log && { log: options.log }), ...services })),
    options,
  )
}
