import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actFor, actorsMax } from './actor.ts'

const gateway = 'gateway'

function chainOf(length: number): object {
  return { sub: `service${length}`, ...(length > 1 && { act: chainOf(length - 1) }) }
}

const known: [claim: string, payload: Record<string, unknown>, act: unknown][] = [
  ['a client that asks for another’s token acts', {}, { sub: 'gateway' }],
  ['a token of another client makes it act too', { client_id: 'web' }, { sub: 'gateway' }],
  ['the client of the token acts for nobody', { client_id: 'gateway' }, undefined],
  ['azp names the client as well', { azp: 'gateway' }, undefined],
  [
    'the earlier actor stands inside',
    { act: { sub: 'web', iss: 'https://idp' } },
    { sub: 'gateway', act: { sub: 'web', iss: 'https://idp' } },
  ],
  [
    'the earlier actors stay where the client is the token’s own',
    { client_id: 'gateway', act: { sub: 'web' } },
    { sub: 'web' },
  ],
  [
    'other members of an actor are left behind',
    { act: { sub: 'web', admin: true } },
    { sub: 'gateway', act: { sub: 'web' } },
  ],
  [
    'a chain fills the limit',
    { act: chainOf(actorsMax - 1) },
    { sub: 'gateway', act: chainOf(actorsMax - 1) },
  ],
  ['may_act that names the client lets it', { may_act: { sub: 'gateway' } }, { sub: 'gateway' }],
]

for (const [claim, payload, act] of known) {
  test(claim, () => {
    const outcome = actFor(gateway, payload)
    assert.ok(outcome.ok)
    assert.deepEqual(outcome.value, act)
  })
}

test('a silent client is not seen, those before it are', () => {
  const outcome = actFor(gateway, { act: { sub: 'web' } }, { isSilent: true })
  assert.deepEqual(outcome.ok && outcome.value, { sub: 'web' })
})

const refused: [claim: string, payload: Record<string, unknown>][] = [
  ['a chain one past the limit', { act: chainOf(actorsMax) }],
  ['a chain far past the limit', { client_id: 'gateway', act: chainOf(1000) }],
  ['an actor without a name', { act: {} }],
  ['an actor that is text', { act: 'web' }],
  ['an actor inside that is no record', { act: { sub: 'web', act: [] } }],
  ['may_act that names another', { may_act: { sub: 'web' } }],
  ['may_act of another issuer', { may_act: { sub: 'gateway', iss: 'https://idp' } }],
  ['may_act that is a list', { may_act: ['gateway'] }],
]

for (const [claim, payload] of refused) {
  test(`refuses ${claim}`, () => {
    const outcome = actFor(gateway, payload)
    assert.equal(outcome.ok ? 'accepted' : outcome.refusal.error, 'invalid_request')
  })
}
