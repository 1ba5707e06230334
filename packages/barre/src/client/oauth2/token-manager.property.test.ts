// Any order of calls, refusals, outages and waits: what must hold of a token manager whatever happens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { need, obtain, refusing, tokenKit } from '../../../test/token-kit.ts'
import type { TokenKit } from '../../../test/token-kit.ts'
import type { CredentialSource, Outgoing } from '../../core/index.ts'

const lifeMs = 100_000

/** What the server knows: the tokens that it gave, when, and the refresh token that is good. */
interface Model {
  readonly given: Map<string, number>
  refreshToken: string
  isDown: boolean
  reused: number
}

type Step =
  | { readonly do: 'call'; readonly audience: string; readonly times: number }
  | { readonly do: 'refuse'; readonly audience: string }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'down'; readonly isDown: boolean }

const audience = fc.constantFrom('a', 'b')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('call'), audience, times: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('refuse'), audience }),
  fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 0, max: lifeMs * 2 }) }),
  fc.record({ do: fc.constant('down'), isDown: fc.boolean() }),
)

/** A server that revokes everything when a refresh token is used twice would show as `reused`. */
function serve(kit: TokenKit, model: Model): void {
  kit.server.answer = ({ form }) => {
    if (model.isDown) return { status: 503, body: {} }
    if (form.get('grant_type') === 'refresh_token') {
      if (form.get('refresh_token') !== model.refreshToken) model.reused++
      model.refreshToken = `r${kit.server.received.length}`
    }
    const token = `token${kit.server.received.length}`
    model.given.set(token, kit.nowMs)
    return { body: { access_token: token, expires_in: lifeMs / 1000, refresh_token: model.refreshToken } }
  }
}

async function run(kit: TokenKit, source: CredentialSource, model: Model, event: Step): Promise<void> {
  if (event.do === 'wait') kit.nowMs += event.ms
  if (event.do === 'down') model.isDown = event.isDown
  if (event.do === 'refuse') {
    const result = await source.credential({ ...need, audience: event.audience })
    if (result.ok) await check(kit, source, model, { ...event, times: 1 }, result.value)
  }
  if (event.do === 'call') await check(kit, source, model, event)
}

async function check(
  kit: TokenKit,
  source: CredentialSource,
  model: Model,
  { audience: asked, times }: { readonly audience: string; readonly times: number },
  refused?: Outgoing,
): Promise<void> {
  const before = kit.server.received.length
  const more = { ...(refused !== undefined && refusing(refused)), audience: asked }
  const got = await Promise.all(Array.from({ length: times }, () => obtain(source, more)))
  const made = kit.server.received.length - before
  assert.equal(new Set(got).size, 1, 'concurrent calls get the same')
  // Three attempts at most, and those of a renewal that goes on in the background.
  assert.ok(made <= 6, `${made} requests for ${times} calls`)
  const [token = ''] = got
  if (token === 'unavailable') return
  const givenAtMs = model.given.get(token)
  assert.ok(givenAtMs !== undefined, `${token} was given by the server`)
  assert.ok(kit.nowMs < givenAtMs + lifeMs, 'a token that has ended is never sent')
  assert.equal(model.reused, 0, 'a refresh token is used once')
}

const configs: readonly (readonly [name: string, config: Readonly<Record<string, unknown>>])[] = [
  ['client credentials', { tokenUrl: '', clientId: 'a', clientSecret: 'b' }],
  ['a rotated refresh token', { refreshUrl: '', refreshToken: 'r0', clientId: 'a', clientSecret: 'b' }],
]
for (const [name, config] of configs) {
  test(`with ${name}, no order of events sends an ended token or a used refresh token`, async (context) => {
    const kit = await tokenKit(context)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const model: Model = { given: new Map(), refreshToken: 'r0', isDown: false, reused: 0 }
        serve(kit, model)
        const source = kit.make(config)
        for (const one of steps) await run(kit, source, model, one)
        await source.close?.()
      }),
      { numRuns: 30, seed: 20_261_121 },
    )
  })
}
