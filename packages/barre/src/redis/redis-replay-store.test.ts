import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { redis, serverTest } from '../../../../tools/servers/index.ts'
import { redisReplayStore } from './redis-replay-store.ts'

const now = (): number => 1_000

serverTest('a key is new once in the whole fleet, until it ends', redis, {}, async ({ ports }) => {
  const client = new Redis(ports['redis'] ?? 0, '127.0.0.1')
  try {
    const members = [redisReplayStore(client, { now }), redisReplayStore(client, { now })] as const
    const twenty = Array.from({ length: 20 }, (_, index) => members[index % 2 === 0 ? 0 : 1].add('a', 61_000))
    assert.equal((await Promise.all(twenty)).filter(Boolean).length, 1)
    assert.equal(await members[0].add('b', 61_000), true)
    const leftMs = await client.pttl('barre:replay:b')
    assert.ok(leftMs > 50_000 && leftMs <= 60_000, `ends in ${leftMs} ms`)
    assert.equal(await redisReplayStore(client, { now, keyPrefix: 'other:' }).add('a', 61_000), true)
  } finally {
    client.disconnect()
  }
})

const get = async (): Promise<null> => null

test('a store that is away or silent cannot tell, and says so', async () => {
  const away = redisReplayStore({ get, eval: () => Promise.reject(new Error('down')) })
  await assert.rejects(async () => away.add('a', Date.now() + 1000), /down/)
  const silent = redisReplayStore({ get, eval: () => new Promise(() => {}) }, { timeoutSeconds: 0.01 })
  await assert.rejects(async () => silent.add('a', Date.now() + 1000), /within 10 ms/)
})
