import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { redis, serverTest } from '../../../../tools/servers/index.ts'
import type { Logged } from '../../test/fake-services.ts'
import { fakeServices } from '../../test/fake-services.ts'
import { toPrincipal, watch } from '../core/index.ts'
import type { Denial, Revocable } from '../core/index.ts'
import { redisRevocations } from './redis-revocations.ts'
import type { RedisRevocations, RedisRevocationsOptions } from './redis-revocations.ts'

const startMs = 1_800_000_000_000
const token = (jti: string, iat = startMs / 1000 - 60): Revocable => ({
  username: 'alice',
  claims: { sub: 'alice', jti, iat },
})

interface Kit {
  readonly client: Redis
  readonly logged: Logged[]
  isDown: boolean
  member(options?: RedisRevocationsOptions): Promise<RedisRevocations>
}

function kitTest(claim: string, body: (kit: Kit) => Promise<void>): void {
  serverTest(claim, redis, {}, async ({ ports }) => {
    const client = new Redis(ports['redis'] ?? 0, '127.0.0.1')
    const members: RedisRevocations[] = []
    const logged: Logged[] = []
    const kit: Kit = {
      client,
      logged,
      isDown: false,
      async member(options = {}) {
        const services = fakeServices(() => startMs, logged)
        const fickle = {
          get: (key: string) => client.get(key),
          eval: async (...call: Parameters<RedisEval>) => {
            if (kit.isDown) throw new Error('down')
            return client.eval(...call)
          },
        }
        const member = redisRevocations(fickle, { pollSeconds: 0.01, ...options }, services)
        members.push(member)
        await member.start()
        return member
      },
    }
    try {
      await body(kit)
    } finally {
      for (const member of members) member.close()
      client.disconnect()
    }
  })
}

type RedisEval = (script: string, numberOfKeys: number, ...keysAndArguments: string[]) => Promise<unknown>

/** What other processes hear of has no promise to wait for. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

kitTest('what one process revokes is refused by all, and live connections end', async (kit) => {
  const [one, two] = [await kit.member(), await kit.member()]
  const ends: Denial[] = []
  const principal = toPrincipal({ id: 'a', username: 'alice', scheme: 'Bearer', claims: { jti: 't-1' } })
  watch(principal, (denial) => ends.push(denial), { now: () => startMs, revocations: two })
  one.revoke({ tokenId: 't-1' })
  assert.equal(one.isRevoked(token('t-1')), true)
  await until(() => two.isRevoked(token('t-1')))
  assert.deepEqual(
    ends.map(({ code }) => code),
    ['invalid'],
  )
  assert.equal(two.isRevoked(token('t-2')), false)
})

kitTest('a process that starts later knows what was revoked before', async (kit) => {
  const one = await kit.member()
  await one.publish({ subject: 'alice' })
  const late = await kit.member()
  assert.equal(late.isRevoked(token('t-1')), true)
  assert.equal(late.isRevoked(token('t-1', startMs / 1000 + 1)), false)
})

kitTest('more than one page is read', async (kit) => {
  const one = await kit.member()
  await Promise.all(Array.from({ length: 2001 }, (_, index) => one.publish({ tokenId: `t-${index}` })))
  const late = await kit.member()
  assert.deepEqual(
    [0, 1000, 2000].map((index) => late.isRevoked(token(`t-${index}`))),
    [true, true, true],
  )
})

kitTest('who revokes hears of it once', async (kit) => {
  const one = await kit.member()
  const heard: unknown[] = []
  one.subscribe((revocation) => heard.push(revocation))
  await one.publish({ tokenId: 't-1' })
  await (await kit.member()).publish({ tokenId: 't-2' })
  await until(() => heard.length > 1)
  assert.equal(heard.length, 2)
})

kitTest('without Redis a process obeys its own revocations, says so, and tells them later', async (kit) => {
  const [one, two] = [await kit.member(), await kit.member()]
  kit.isDown = true
  one.revoke({ tokenId: 't-1' })
  await assert.rejects(one.publish({ tokenId: 't-2' }), /down/)
  assert.deepEqual([one.isRevoked(token('t-1')), one.isRevoked(token('t-2'))], [true, true])
  await until(() => kit.logged.length > 0)
  assert.match(String(kit.logged[0]?.message), /not heard of/)
  kit.isDown = false
  await until(() => two.isRevoked(token('t-1')))
  await until(() => kit.logged.some(({ message }) => message.includes('heard of again')))
})

kitTest('a process cannot start without Redis: it would let in what was revoked', async (kit) => {
  kit.isDown = true
  await assert.rejects(kit.member(), /down/)
})

kitTest('what is no revocation is passed over, and said', async (kit) => {
  const one = await kit.member()
  const junk = [
    '',
    '{',
    '[]',
    '{}',
    '{"subject":7}',
    '{"all":true,"subject":"a"}',
    '{"subject":"a","revokedAtSeconds":"x"}',
  ]
  for (const text of junk) await kit.client.xadd('barre:revocations', '*', 'revocation', text)
  await (await kit.member()).publish({ tokenId: 't-1' })
  await until(() => one.isRevoked(token('t-1')))
  assert.equal(kit.logged.filter(({ level }) => level === 'error').length, junk.length * 2)
})

kitTest('what no token can outlive is taken from the stream', async (kit) => {
  const one = await kit.member({ maxTokenLifetimeSeconds: 60 })
  // Long ago by the clock of the process; Redis trims by whole blocks, of 100 entries.
  for (let index = 0; index < 500; index++) {
    await kit.client.xadd('barre:revocations', `${1000 + index}-0`, 'revocation', '{"subject":"a"}')
  }
  await one.publish({ tokenId: 't-1' })
  assert.ok((await kit.client.xlen('barre:revocations')) < 200)
})

test('a revocation that would be forgotten too early is refused', () => {
  const client = { get: async () => null, eval: async () => [] }
  const revocations = redisRevocations(client, { maxTokenLifetimeSeconds: 60 }, { now: () => startMs })
  const late = { tokenId: 't-1', expiresAtSeconds: startMs / 1000 + 60 + 3601 }
  assert.throws(() => revocations.revoke(late), TypeError)
  revocations.revoke({ ...late, expiresAtSeconds: startMs / 1000 + 60 })
})
