import type { CustomDecorator, DynamicModule } from '@nestjs/common'
import { compileAuth, createServices } from '../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { authMetadata, toModule } from '../transports/nest/index.ts'
import type { ModuleOptions } from '../transports/nest/index.ts'

export type * from '../transports/nest/index.ts'

export interface BarreOptions extends ModuleOptions {
  readonly auth: AuthConfig
  readonly services?: Partial<Services>
}

/** The module that guards every controller of a NestJS application; throws ConfigError. */
export function barre({ auth, services, ...options }: BarreOptions): DynamicModule {
  const { log } = options
  return toModule(compileAuth(auth, createServices({ ...(log && { log }), ...services })), options)
}

/** Decorates a handler or a controller with what it demands; without it the service's `auth` holds. */
export const Auth: (auth: ResourceAuth) => CustomDecorator<symbol> = authMetadata
