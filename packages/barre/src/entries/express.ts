import { withAuth } from '../auth/index.ts'
import type { ResourceAuth, WithAuth } from '../auth/index.ts'
import { protect as protectWith } from '../transports/express/index.ts'
import type { Allow, ExpressOptions } from '../transports/express/index.ts'

export { passesOn } from '../transports/http/index.ts'
export { open } from '../transports/express/index.ts'
export type * from '../transports/express/index.ts'

export type ProtectOptions = WithAuth<ExpressOptions<ResourceAuth>>

/** Makes the guards of an Express 5 service; throws ConfigError. */
export const protect: (options: ProtectOptions) => Allow<ResourceAuth> = withAuth(protectWith<ResourceAuth>)
