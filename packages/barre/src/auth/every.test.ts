import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guard, ok, refuse, toPrincipal } from '../core/index.ts'
import type { Call, Policy, Provider } from '../core/index.ts'
import { every } from './every.ts'

const call: Call = {
  method: 'GET',
  target: '/',
  signal: AbortSignal.abort(),
  peer: { encrypted: true },
  metadata: () => [],
}

function toProvider(members: Partial<Provider> = {}): Provider {
  return {
    schemes: ['Own'],
    read: () => ok('x'),
    verify: () => ok({ principal: toPrincipal({ id: 'own', username: 'own', scheme: 'Own' }) }),
    challenges: () => ['Own'],
    ...members,
  }
}

function policyOf(...providers: readonly Provider[]): Policy {
  return { alternatives: [{ provider: every(providers), entry: 'auth[0]' }], optional: false }
}

/** Proves a caller of this name, with a scope and a reply of the same name. */
function naming(id: string, expiresAtSeconds?: number): Provider {
  const expiry = expiresAtSeconds === undefined ? {} : { expiresAtSeconds }
  const principal = toPrincipal({ id, username: id, scheme: 'Own', scopes: [id], ...expiry })
  return toProvider({ verify: () => ok({ principal, reply: [['x', id]] }) })
}

test('the first names the caller, the earliest expiry counts, and every reply is sent', async () => {
  const decision = await guard(policyOf(naming('a', 30), naming('b', 20), naming('c')), call)
  assert.ok(decision.ok && decision.principal !== undefined)
  const { id, scopes, expiresAtSeconds } = decision.principal
  assert.deepEqual([id, [...scopes], expiresAtSeconds], ['a', ['a'], 20])
  assert.deepEqual(decision.reply, [
    ['x', 'a'],
    ['x', 'b'],
    ['x', 'c'],
  ])
})

const abstaining = { read: () => undefined }
const invalid = { verify: () => refuse('invalid', '') }
const expired = { verify: () => Promise.resolve(refuse('expired', '')) }
const cases: readonly (readonly [string, readonly Partial<Provider>[], string])[] = [
  ['all hold', [{}, {}], 'own'],
  ['all abstain', [abstaining, abstaining], 'missing'],
  ['the first abstains', [abstaining, {}], 'missing'],
  ['the second abstains', [{}, abstaining], 'missing'],
  [
    'a malformed one is seen before another is verified',
    [invalid, { read: () => refuse('malformed', '') }],
    'malformed',
  ],
  ['the first refuses', [invalid, {}], 'invalid'],
  ['the second refuses, later', [{}, expired], 'expired'],
  ['the first refusal decides', [expired, invalid], 'expired'],
  ['the second rejects', [{}, { verify: () => Promise.reject(new Error('bug')) }], 'unavailable'],
]
for (const [name, members, expected] of cases) {
  test(`every one must hold: ${name}`, async () => {
    const decision = await guard(policyOf(...members.map(toProvider)), call)
    assert.equal(decision.ok ? decision.principal?.id : decision.denial.code, expected)
  })
}

test('speaks for all: schemes, challenges, and the need for a certificate', () => {
  const both = every([
    toProvider(),
    toProvider({ schemes: [], challenges: () => [], needsClientCertificate: true }),
  ])
  assert.deepEqual(both.schemes, ['Own'])
  assert.deepEqual(both.challenges({ code: 'missing', detail: '' }), ['Own'])
  assert.equal(both.needsClientCertificate, true)
  assert.equal(every([toProvider()]).needsClientCertificate, false)
})
