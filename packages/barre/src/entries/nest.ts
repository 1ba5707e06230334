import type { CustomDecorator, DynamicModule } from '@nestjs/common'
import { withAuth } from '../auth/index.ts'
import type { ResourceAuth, WithAuth } from '../auth/index.ts'
import { authMetadata, toModule } from '../transports/nest/index.ts'
import type { ModuleOptions } from '../transports/nest/index.ts'

export { guardSockets } from '../transports/nest/index.ts'
export type * from '../transports/nest/index.ts'

export type BarreOptions = WithAuth<ModuleOptions<ResourceAuth>>

/** The module that guards every controller of a NestJS application; throws ConfigError. */
export const barre: (options: BarreOptions) => DynamicModule = withAuth(toModule)

/** Decorates a handler or a controller with what it demands; without it the service's `auth` holds. */
export const Auth: (auth: ResourceAuth) => CustomDecorator<symbol> = authMetadata
