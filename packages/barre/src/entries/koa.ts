import { withAuth } from '../auth/index.ts'
import type { ResourceAuth, WithAuth } from '../auth/index.ts'
import { protect as protectWith } from '../transports/koa/index.ts'
import type { Allow } from '../transports/koa/index.ts'
import type { HttpOptions } from '../transports/http/index.ts'

export { passesOn } from '../transports/http/index.ts'
export { open } from '../transports/koa/index.ts'
export type * from '../transports/koa/index.ts'

export type ProtectOptions = WithAuth<HttpOptions>

/** Makes the guards of a Koa service; throws ConfigError. */
export const protect: (options: ProtectOptions) => Allow<ResourceAuth> = withAuth(protectWith<ResourceAuth>)
