// Any order of calls, revocations, outages and waits: what must hold of what is remembered whatever happens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { bearer, fakeCall } from '../../../test/fake-call.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { startOAuthServer } from '../../../test/oauth-server.ts'
import { inactiveMs } from './answer-cache.ts'
import { introspectionKind } from './introspection.ts'
import type { IntrospectionProvider } from './introspection.ts'

const lifeMs = 100_000
const maxAgeMs = 30_000
const staleMs = 20_000

interface Model {
  nowMs: number
  isDown: boolean
  /** Of each token: when it ends, and since when it is active or not. */
  readonly tokens: Map<string, { readonly endsAtMs: number; active: boolean; changedAtMs: number }>
  readonly revoked: Set<string>
}

type Step =
  | { readonly do: 'call' | 'turn' | 'revoke'; readonly token: string }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'down'; readonly isDown: boolean }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('call'), token: fc.constantFrom('a', 'b', 'c') }) },
  fc.record({ do: fc.constantFrom('turn', 'revoke'), token: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 0, max: lifeMs / 2 }) }),
  fc.record({ do: fc.constant('down'), isDown: fc.boolean() }),
)

function newModel(nowMs: number): Model {
  const token = { endsAtMs: nowMs + lifeMs, active: true, changedAtMs: nowMs }
  const tokens = new Map(['a', 'b', 'c'].map((name) => [name, { ...token }]))
  return { nowMs, isDown: false, tokens, revoked: new Set() }
}

async function check(provider: IntrospectionProvider, model: Model, name: string): Promise<void> {
  const result = await provider.verify(bearer(name), fakeCall())
  const { endsAtMs, active, changedAtMs } = model.tokens.get(name)!
  const sinceMs = model.nowMs - changedAtMs
  if (result.ok) {
    assert.equal(result.value.principal.username, name, 'nobody gets the answer about another token')
    assert.ok(model.nowMs < endsAtMs, 'a token that has ended is never taken')
    assert.ok(!model.revoked.has(name), 'a revoked token is never taken')
    assert.ok(
      active || sinceMs < maxAgeMs + staleMs,
      'an inactive token is not taken for longer than configured',
    )
  } else if (result.denial.code === 'invalid' && active && !model.revoked.has(name)) {
    assert.ok(sinceMs < inactiveMs, 'an active token is not refused for longer than five seconds')
  }
  if (!model.isDown && !result.ok && result.denial.code === 'unavailable') {
    assert.equal(provider.ready?.() ?? true, false, 'only an outage is unavailable')
  }
}

test('no order of events lets a token in that has ended, was revoked or is long inactive', async (context) => {
  let model = newModel(0)
  const server = await startOAuthServer(({ form }) => {
    if (model.isDown) return { status: 500, body: {} }
    const name = form.get('token') ?? ''
    const token = model.tokens.get(name)
    const exp = (token?.endsAtMs ?? 0) / 1000
    return { body: { active: token?.active, sub: name, jti: name, exp } }
  })
  context.after(() => server.close())
  const config = { url: server.url, audience: false, staleIfErrorSeconds: staleMs / 1000 } as const
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      model = newModel(1_800_000_000_000)
      const services = fakeServices(() => model.nowMs)
      const cacheConfig = { capacity: 2, defaultMaxAge: maxAgeMs / 1000 }
      const provider = introspectionKind.create({ ...config, cacheConfig }, services, 'config')
      for (const one of steps) {
        if (one.do === 'wait') model.nowMs += one.ms
        else if (one.do === 'down') model.isDown = one.isDown
        else if (one.do === 'call') await check(provider, model, one.token)
        else if (one.do === 'revoke') {
          services.revocations.revoke({ tokenId: one.token })
          model.revoked.add(one.token)
          // A revocation is the issuer's too: it answers so from now on.
          Object.assign(model.tokens.get(one.token)!, { active: false, changedAtMs: model.nowMs })
        } else {
          const token = model.tokens.get(one.token)!
          if (model.revoked.has(one.token)) continue
          Object.assign(token, { active: !token.active, changedAtMs: model.nowMs })
        }
      }
      await provider.close?.()
    }),
    { numRuns: 60, seed: 20_261_121 },
  )
})
