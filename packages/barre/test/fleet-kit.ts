import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { createOAuth2, grantKind } from '../src/client/index.ts'
import type { CredentialSource, SharedStore } from '../src/core/index.ts'
import { redisStore } from '../src/redis/index.ts'
import { fakeServices } from './fake-services.ts'
import type { Logged } from './fake-services.ts'
import { startOAuthServer } from './oauth-server.ts'
import type { OAuthServer } from './oauth-server.ts'
import { startMs, tokens } from './token-kit.ts'

export const encryptionKey = randomBytes(32).toString('base64')

/** One member of a fleet: services, and so a manager, of its own. */
export interface Member {
  readonly source: CredentialSource
  readonly logged: readonly Logged[]
}

/** A token endpoint, a clock, a Redis, and as many members as a test wants. */
export interface FleetKit {
  readonly server: OAuthServer
  readonly client: Redis
  readonly store: SharedStore
  nowMs: number
  /** The store refuses every change. */
  isReadOnly: boolean
  member(config?: object, store?: SharedStore): Member
  members(count: number, config?: object): readonly Member[]
  /** Every key of the store, with what is under it. */
  stored(): Promise<readonly (readonly [key: string, value: string])[]>
  close(): Promise<void>
}

export const credentials = { tokenUrl: '', clientId: 'orders', clientSecret: 'secret-1' }

export async function fleetKit(port: number): Promise<FleetKit> {
  const server = await startOAuthServer(() => tokens(server))
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 0, retryStrategy: () => 20 })
  // What ioredis has no other listener for, it prints.
  client.on('error', () => {})
  const inner = redisStore(client)
  const sources: CredentialSource[] = []
  const kit: FleetKit = {
    server,
    client,
    store: {
      get: (key) => inner.get(key),
      swap: async (...change) => {
        if (kit.isReadOnly) throw new Error('READONLY')
        return inner.swap(...change)
      },
    },
    nowMs: startMs,
    isReadOnly: false,
    member(config = credentials, store = kit.store) {
      const logged: Logged[] = []
      const services = {
        ...fakeServices(() => kit.nowMs, logged),
        random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
      }
      const urls = Object.fromEntries(
        Object.entries(config)
          .filter(([, value]) => value === '')
          .map(([name]) => [name, `${server.url}/token`]),
      )
      const whole = { sharedTokens: { store, encryptionKey }, ...config, ...urls }
      const checked = grantKind.shape.check(whole, 'oauth2')
      const source = createOAuth2(checked, services, 'oauth2', (ms) => delay(ms / 20))
      sources.push(source)
      return { source, logged }
    },
    members: (count, config) => Array.from({ length: count }, () => kit.member(config)),
    async stored() {
      const keys = await client.keys('*')
      return Promise.all(keys.map(async (key) => [key, (await client.get(key)) ?? ''] as const))
    },
    async close() {
      await Promise.all(sources.map(async (source) => source.close?.()))
      server.close()
      client.disconnect()
    },
  }
  return kit
}
