import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fakeServices } from '../../../test/fake-services.ts'
import { ok, refuse, Secret } from '../../core/index.ts'
import type { CredentialSource, Need, Outgoing } from '../../core/index.ts'
import { keepCredential } from './kept-credential.ts'
import type { KeptCredential } from './kept-credential.ts'

const startMs = 1_800_000_000_000
const need: Need = { method: 'CONNECT', target: 'broker' }

/** A source whose tokens are numbered and live for a hundred seconds each, and time that the test moves. */
async function keep(context: TestContext, source: Partial<CredentialSource> = {}, more: Partial<Need> = {}) {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = startMs
  let count = 0
  const asked: Need[] = []
  const renewed: Outgoing[] = []
  const next = (): Outgoing => ({
    kind: 'token',
    scheme: 'Bearer',
    token: new Secret(`token${++count}`),
    expiresAtSeconds: nowMs / 1000 + 100,
  })
  const kept: KeptCredential = await keepCredential(
    {
      credential(given) {
        asked.push(given)
        return ok(next())
      },
      ...source,
    },
    { ...need, ...more },
    // Its randomness is always the highest, so each credential is used for 90 % of its life.
    fakeServices(() => nowMs),
    (outgoing) => renewed.push(outgoing),
  )
  context.after(() => kept.close())
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms
    context.mock.timers.tick(ms)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const current = (): string => {
    const outgoing = kept.current()
    return outgoing.kind === 'token' ? outgoing.token.reveal() : outgoing.kind
  }
  return { kept, asked, renewed, pass, current, next }
}

test('a credential is replaced before it ends, and the connection hears of it', async (context) => {
  const { pass, current, renewed } = await keep(context)
  await pass(89_999)
  assert.deepEqual([current(), renewed.length], ['token1', 0])
  await pass(1)
  assert.deepEqual([current(), renewed.length], ['token2', 1])
  await pass(90_000)
  assert.deepEqual([current(), renewed.length], ['token3', 2])
})

test('where a library presents it again at 80 % of its life, the next one is there before', async (context) => {
  const { pass, current, asked } = await keep(context, {}, { early: true })
  await pass(59_999)
  assert.equal(current(), 'token1')
  await pass(1)
  assert.deepEqual([current(), asked[1]?.early], ['token2', true])
})

test('a source that still gives the same is asked again, sooner and sooner', async (context) => {
  const held: { outgoing?: Outgoing } = {}
  const asked: number[] = []
  const kit = await keep(context, {
    credential: () => {
      asked.push(asked.length)
      return ok(
        (held.outgoing ??= {
          kind: 'token',
          scheme: 'Bearer',
          token: new Secret('held'),
          expiresAtSeconds: startMs / 1000 + 100,
        }),
      )
    },
  })
  await kit.pass(90_000)
  assert.equal(asked.length, 2)
  await kit.pass(1_999)
  assert.equal(asked.length, 2)
  await kit.pass(1)
  assert.equal(asked.length, 3)
  held.outgoing = kit.next()
  await kit.pass(1_600)
  assert.deepEqual([kit.current(), kit.renewed.length], ['token1', 1])
})

test('a source that fails is asked again, and what there is stays', async (context) => {
  let isDown = false
  const kit = await keep(context, {
    credential: () => (isDown ? refuse('unavailable', 'down') : ok(kit0())),
  })
  function kit0(): Outgoing {
    return {
      kind: 'token',
      scheme: 'Bearer',
      token: new Secret(`at ${isDown}`),
      expiresAtSeconds: startMs / 1000 + 10,
    }
  }
  isDown = true
  await kit.pass(9_000)
  assert.equal(kit.current(), 'at false')
  await kit.pass(20_000)
  assert.equal(kit.current(), 'at false')
})

test('a credential that the broker refused is asked for again, as refused', async (context) => {
  const { kept, asked, current } = await keep(context)
  const before = kept.current()
  kept.refused()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(asked[1]?.refused?.credential, before)
  assert.equal(current(), 'token2')
})

test('a password is never asked for again by itself', async (context) => {
  let count = 0
  const { kept, pass } = await keep(context, {
    credential: () => {
      count++
      return ok({ kind: 'password', username: 'alice', password: new Secret('word') })
    },
  })
  await pass(2 ** 31)
  assert.equal(count, 1)
  kept.refused()
  await pass(60_000)
  assert.equal(count, 2)
})

test('nothing is asked for after the end', async (context) => {
  const { kept, asked, pass } = await keep(context)
  await kept.close()
  await pass(200_000)
  assert.equal(asked.length, 1)
})

test('without a credential to begin with there is no connection', async () => {
  const source: CredentialSource = { credential: () => refuse('unavailable', 'down') }
  const keeping = keepCredential(
    source,
    need,
    fakeServices(() => startMs),
    () => undefined,
  )
  await assert.rejects(keeping, { name: 'CredentialError', code: 'unavailable' })
})
