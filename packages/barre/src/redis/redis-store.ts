import type { SharedStore } from '../core/index.ts'

/** As much of a client as is used: ioredis and iovalkey have it, clusters and sentinels included. */
export interface RedisClient {
  get(key: string): Promise<string | null>
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
}

export interface RedisStoreOptions {
  /** Before every key; default `barre:`. */
  readonly keyPrefix?: string
}

/** In one step at the server: between a reading and a writing of our own, another process could write. */
const swapScript = `
local current = ARGV[1] == '1' and ARGV[2] or false
if redis.call('GET', KEYS[1]) ~= current then return 0 end
if ARGV[3] == '1' then redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) else redis.call('DEL', KEYS[1]) end
return 1`

/** What a fleet holds together, in Redis or Valkey. The client, its TLS and its end are the program's. */
export function redisStore(
  client: RedisClient,
  { keyPrefix = 'barre:' }: RedisStoreOptions = {},
): SharedStore {
  return {
    get: async (key) => (await client.get(keyPrefix + key)) ?? undefined,
    async swap(key, current, next, lifeMs) {
      const parts = [...presence(current), ...presence(next), `${Math.ceil(lifeMs)}`]
      return (await client.eval(swapScript, 1, keyPrefix + key, ...parts)) === 1
    },
  }
}

function presence(text: string | undefined): readonly string[] {
  return text === undefined ? ['0', ''] : ['1', text]
}
