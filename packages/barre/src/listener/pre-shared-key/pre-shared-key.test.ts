import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, guard } from '../../core/index.ts'
import type { Call, Decision, Services } from '../../core/index.ts'
import { preSharedKeyKind } from './pre-shared-key.ts'

async function decide(preSharedKeyIdentity: string | undefined): Promise<Decision> {
  const config = preSharedKeyKind.shape.check({ identities: { 'sensor-1': ['report'] } }, 'psk')
  const call: Call = {
    method: 'CONNECT',
    target: 'udp://127.0.0.1:5684',
    signal: AbortSignal.abort(),
    peer: { encrypted: true, ...(preSharedKeyIdentity !== undefined && { preSharedKeyIdentity }) },
    metadata: () => [],
  }
  const provider = preSharedKeyKind.create(config, {} as Services, 'psk')
  return guard({ alternatives: [{ provider, entry: 'auth[0]' }], optional: false }, call)
}

test('knows a caller by the identity of the key', async () => {
  const decision = await decide('sensor-1')
  assert.ok(decision.ok && decision.principal !== undefined)
  const { id, username, scheme, scopes } = decision.principal
  assert.deepEqual(
    [id, username, scheme, [...scopes]],
    ['psk:sensor-1', 'psk:sensor-1', 'pre-shared-key', ['report']],
  )
})

const strangers: readonly (readonly [who: string, identity: string | undefined, code: string])[] = [
  ['who proved no key', undefined, 'missing'],
  ['an identity that is not named', 'sensor-2', 'invalid'],
  ['an identity that only begins as named', 'sensor-1 ', 'invalid'],
  ['the name of a member of every object', 'constructor', 'invalid'],
  ['no name at all', '', 'invalid'],
]
for (const [who, identity, code] of strangers) {
  test(`refuses ${who}, without a challenge`, async () => {
    const decision = await decide(identity)
    assert.ok(!decision.ok)
    assert.deepEqual([decision.denial.code, decision.challenges], [code, []])
  })
}

for (const [what, config, path] of [
  ['no identity', { identities: {} }, 'psk.identities'],
  ['scopes that are a text', { identities: { a: 'report' } }, 'psk.identities.a'],
  ['a key among the identities', { identities: { a: [] }, key: '00' }, 'psk.key'],
] as const) {
  test(`does not start with ${what}`, () => {
    assert.throws(
      () => preSharedKeyKind.shape.check(config, 'psk'),
      (error) => error instanceof ConfigError && error.path === path,
    )
  })
}
