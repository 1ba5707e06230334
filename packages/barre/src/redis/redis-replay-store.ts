import { systemClock } from '../core/index.ts'
import type { ReplayStore } from '../core/index.ts'
import type { RedisClient, RedisStoreOptions } from './redis-store.ts'

export interface RedisReplayStoreOptions extends RedisStoreOptions {
  /** How long Redis may take to answer before the caller is refused, in seconds; default 1. */
  readonly timeoutSeconds?: number
  /** Milliseconds since the epoch; default the machine's clock. */
  readonly now?: () => number
}

export interface RedisReplayStore extends ReplayStore {
  add(key: string, expiresAtMs: number): Promise<boolean>
}

const timeoutDefaultSeconds = 1

const addScript = `return redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) and 1 or 0`

/** What may be used once only by a whole fleet: `replayStore` of `dpopConfig`. Without Redis every proof is refused. */
export function redisReplayStore(
  client: RedisClient,
  {
    keyPrefix = 'barre:',
    timeoutSeconds = timeoutDefaultSeconds,
    now = systemClock,
  }: RedisReplayStoreOptions = {},
): RedisReplayStore {
  return {
    async add(key, expiresAtMs) {
      const lifeMs = Math.max(1, Math.ceil(expiresAtMs - now()))
      const added = client.eval(addScript, 1, `${keyPrefix}replay:${key}`, `${lifeMs}`)
      return (await within(added, timeoutSeconds * 1000)) === 1
    },
  }
}

function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${timeoutMs} ms`)), timeoutMs)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
