import { barreServers } from './barre.ts'
import { limit } from './limit.ts'
import { oidcProvider } from './oidc-provider.ts'
import type { TokenServer } from './server.ts'

export const servers: readonly TokenServer[] = [limit, ...barreServers, oidcProvider]
