import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { bearer, fakeCall } from '../../../test/fake-call.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { broken, startOAuthServer } from '../../../test/oauth-server.ts'
import type { OAuthServer } from '../../../test/oauth-server.ts'
import type { Result, Services } from '../../core/index.ts'
import { introspectionKind } from './introspection.ts'
import type { IntrospectionProvider } from './introspection.ts'
import type { IntrospectionConfig } from './config.ts'

const start = 1_800_000_000
const path = 'auth[0].oauth2IntrospectionConfig'
let server: OAuthServer
let nowMs: number
let services: Services

before(async () => {
  server = await startOAuthServer(() => ({ body: {} }))
})
after(() => server.close())
beforeEach(() => {
  nowMs = start * 1000
  services = fakeServices(() => nowMs)
  server.received.length = 0
  answers({})
})

/** What the server says of every token, unless the changes say otherwise. */
function answers(changes: Record<string, unknown>): void {
  const claims = { sub: 'alice', aud: 'orders', scope: 'read write', exp: start + 600, ...changes }
  server.answer = () => ({ body: { active: true, ...claims } })
}

function make(more: Partial<IntrospectionConfig> = {}): IntrospectionProvider {
  const config: unknown = { url: `${server.url}/introspect`, audience: 'orders', ...more }
  return introspectionKind.create(introspectionKind.shape.check(config, path), services, path)
}

const cached = { cacheConfig: { capacity: 10 } }

/** What the provider decides, in short: the user or the code. */
async function verify(provider: IntrospectionProvider, token = 'abc'): Promise<string> {
  const result = await provider.verify(bearer(token), fakeCall())
  return result.ok ? result.value.principal.username : result.denial.code
}

test('without cacheConfig each call asks', async () => {
  const provider = make()
  await verify(provider)
  await verify(provider)
  assert.equal(server.received.length, 2)
})

test('with cacheConfig an answer serves, without a promise, until its exp', async () => {
  const provider = make(cached)
  await verify(provider)
  nowMs += 599_999
  const again = provider.verify(bearer('abc'), fakeCall()) as Result<unknown>
  assert.equal(again.ok, true)
  nowMs += 1
  answers({ active: false })
  assert.equal(await verify(provider), 'invalid')
  assert.equal(server.received.length, 2)
})

test('defaultMaxAge asks again before the exp; defaultTokenExpTime stands in for it', async () => {
  const provider = make({ cacheConfig: { defaultMaxAge: 60 } })
  await verify(provider)
  nowMs += 60_000
  await verify(provider)
  assert.equal(server.received.length, 2)
  answers({ exp: undefined })
  const other = make({ ...cached, defaultTokenExpTime: 30 })
  const result = await other.verify(bearer('abc'), fakeCall())
  assert.equal(result.ok && result.value.principal.expiresAtSeconds, nowMs / 1000 + 30)
  nowMs += 30_000
  await verify(other)
  assert.equal(server.received.length, 4)
})

test('the cache holds no more than its capacity', async () => {
  const provider = make({ cacheConfig: { capacity: 2 } })
  for (const token of ['a', 'b', 'c', 'c', 'b', 'a']) await verify(provider, token)
  assert.equal(server.received.length, 4)
})

test('a clock that was set back does not lengthen the life of an answer', async () => {
  const provider = make(cached)
  await verify(provider)
  nowMs -= 1000
  await verify(provider)
  assert.equal(server.received.length, 2)
})

test('an inactive token is refused for five seconds without asking, cache or not', async () => {
  const provider = make()
  answers({ active: false })
  assert.equal(await verify(provider), 'invalid')
  answers({})
  nowMs += 4999
  assert.equal(await verify(provider), 'invalid')
  assert.equal(server.received.length, 1)
  nowMs += 1
  assert.equal(await verify(provider), 'alice')
})

test('while the endpoint fails an old answer serves only where that was asked for, never beyond exp', async () => {
  const config = { cacheConfig: { defaultMaxAge: 60 } }
  const [strict, lenient] = [make(config), make({ ...config, staleIfErrorSeconds: 300 })]
  await verify(strict)
  await verify(lenient)
  server.answer = () => broken
  nowMs += 60_000
  assert.deepEqual([await verify(strict), await verify(lenient)], ['unavailable', 'alice'])
  nowMs += 300_000
  assert.equal(await verify(lenient), 'unavailable')
  answers({ exp: start + 400 })
  nowMs += 10_000
  await verify(lenient)
  server.answer = () => broken
  nowMs = (start + 400) * 1000
  assert.equal(await verify(lenient), 'unavailable')
})

test('a revoked token is refused though its answer is remembered, and others are not', async () => {
  const provider = make(cached)
  answers({ jti: 'stolen' })
  await verify(provider, 'stolen')
  answers({ jti: 'good' })
  await verify(provider, 'good')
  services.revocations.revoke({ tokenId: 'stolen' })
  assert.deepEqual([await verify(provider, 'stolen'), await verify(provider, 'good')], ['invalid', 'alice'])
  assert.equal(server.received.length, 2)
})

test('a token that is revoked while its question is on the way is refused', async () => {
  const provider = make(cached)
  const inner = { body: { active: true, sub: 'alice', aud: 'orders', exp: start + 600 } }
  server.answer = () => {
    services.revocations.revoke({ subject: 'alice' })
    return inner
  }
  assert.equal(await verify(provider), 'invalid')
  assert.equal(await verify(provider), 'invalid')
})
