import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authenticate, authorize, guard } from './guard.ts'
import { decisions } from './events.ts'
import { denialCodes, outranks, refuse } from './denial.ts'
import { isPromise, ok } from './result.ts'
import { toPrincipal } from './principal.ts'
import type { Alternative, Decision, Policy, Scopes } from './policy.ts'
import type { Authenticated, Provider } from './provider.ts'
import type { Awaitable, Result } from './result.ts'
import type { Call } from './call.ts'
import type { DecisionEvent } from './events.ts'
import type { DenialCode } from './denial.ts'

function toCall(...authorization: string[]): Call {
  return {
    method: 'GET',
    target: '/order/1',
    signal: AbortSignal.abort(),
    peer: { encrypted: true },
    metadata: (name) => (name === 'authorization' ? authorization : []),
  }
}

const alice = toPrincipal({ id: 'alice', username: 'alice', scheme: 'Test', scopes: ['read', 'write'] })
const proven: Authenticated = { principal: alice }

function answering(verdict: Awaitable<Result<Authenticated>>, challenge = 'Test realm="t"'): Provider {
  return {
    schemes: ['Test'],
    read: () => ok(undefined),
    verify: () => verdict,
    challenges: (denial) => [`${challenge}, error="${denial.code}"`],
  }
}

const abstaining: Provider = { ...answering(refuse('invalid', 'never asked')), read: () => undefined }
const throwing = (): never => {
  throw new Error('bug')
}

function toPolicy(providers: readonly Provider[], scopes?: Scopes, optional = false): Policy {
  const alternatives = providers.map((provider, index): Alternative => {
    return { provider, entry: `auth[${index}]`, ...(scopes !== undefined && { scopes }) }
  })
  return { alternatives, optional }
}

async function codeOf(decision: Awaitable<Decision>): Promise<DenialCode | 'let in'> {
  const known = await decision
  return known.ok ? 'let in' : known.denial.code
}

test('the first entry that proves the caller and their scopes decides', () => {
  const decision = guard(
    toPolicy([abstaining, answering(refuse('expired', 'x')), answering(ok(proven))]),
    toCall(),
  )
  assert.deepEqual(decision, { ok: true, principal: alice, entry: 'auth[2]', reply: [] })
})

test('a later entry is not asked once one has let the caller in', () => {
  const policy = toPolicy([answering(ok(proven)), { ...abstaining, read: throwing }])
  assert.equal((guard(policy, toCall()) as Decision).ok, true)
})

test('an entry that lacks scopes does not keep a later entry from letting the caller in', async () => {
  const admin: Authenticated = { principal: toPrincipal({ ...alice, scopes: ['admin'] }) }
  for (const first of [ok(proven), Promise.resolve(ok(proven))]) {
    assert.equal(
      await codeOf(guard(toPolicy([answering(first), answering(ok(admin))], 'admin'), toCall())),
      'let in',
    )
  }
})

for (const [index, worse] of denialCodes.entries()) {
  for (const better of denialCodes.slice(index + 1)) {
    test(`${worse} hides ${better}, in whichever order the entries stand`, async () => {
      const one = answering(refuse(worse, ''))
      const other = answering(Promise.resolve(refuse(better, '')))
      assert.equal(outranks(worse, better), true)
      assert.equal(await codeOf(guard(toPolicy([one, other]), toCall())), worse)
      assert.equal(await codeOf(guard(toPolicy([other, one]), toCall())), worse)
    })
  }
}

test('of two equal verdicts the earlier entry is named', () => {
  const decision = guard(
    toPolicy([answering(refuse('invalid', 'a')), answering(refuse('invalid', 'b'))]),
    toCall(),
  )
  assert.ok(!isPromise(decision) && !decision.ok)
  assert.equal(decision.entry, 'auth[0]')
  assert.equal(decision.denial.detail, 'a')
})

test('when every entry abstains, what was sent decides', async () => {
  const cases: readonly (readonly [string, readonly string[], boolean, DenialCode | 'let in'])[] = [
    ['nothing', [], false, 'missing'],
    ['nothing, optional', [], true, 'let in'],
    ['another scheme', ['Digest x'], false, 'invalid'],
    ['another scheme, optional', ['Digest x'], true, 'invalid'],
    ['two values', ['Digest x', 'Basic y'], false, 'malformed'],
    ['two values, optional', ['Digest x', 'Basic y'], true, 'malformed'],
  ]
  for (const [name, sent, optional, expected] of cases) {
    const decision = guard(toPolicy([abstaining], undefined, optional), toCall(...sent))
    assert.equal(await codeOf(decision), expected, name)
  }
})

test('an anonymous caller has no principal', () => {
  assert.deepEqual(guard(toPolicy([abstaining], undefined, true), toCall()), { ok: true, reply: [] })
})

test('a bad credential is refused where none at all would be fine', async () => {
  const policy = toPolicy([answering(refuse('expired', ''))], undefined, true)
  assert.equal(await codeOf(guard(policy, toCall())), 'expired')
})

test('stays synchronous while providers are', () => {
  const policy = toPolicy([abstaining, answering(refuse('invalid', '')), answering(ok(proven))])
  assert.equal(isPromise(guard(policy, toCall())), false)
  assert.equal(isPromise(authenticate(policy, toCall())), false)
})

test('authenticate says who is calling whatever their scopes', async () => {
  const policy = toPolicy([answering(Promise.resolve(ok(proven)))], 'admin')
  assert.equal(await codeOf(authenticate(policy, toCall())), 'let in')
  assert.equal(await codeOf(guard(policy, toCall())), 'insufficient_scope')
})

test('authorize', () => {
  const cases: readonly (readonly [Scopes | undefined, boolean])[] = [
    [undefined, true],
    ['read', true],
    ['admin', false],
    ['read write', false],
    ['', false],
    [['admin', 'write'], true],
    [['admin', 'owner'], false],
    [[], false],
    [{ all: ['read', 'write'] }, true],
    [{ all: ['read', 'admin'] }, false],
    [{ all: [] }, false],
  ]
  for (const [scopes, allowed] of cases) {
    const denial = authorize(alice, scopes)
    assert.equal(denial?.code, allowed ? undefined : 'insufficient_scope', JSON.stringify(scopes))
  }
  assert.deepEqual(authorize(alice, { all: ['read', 'admin'] })?.scopes, ['read', 'admin'])
})

const broken = {} as { ok: true; value: Authenticated }
const failures: readonly (readonly [string, Partial<Provider>])[] = [
  ['read throws', { read: throwing }],
  ['verify throws', { verify: throwing }],
  ['verify rejects', { verify: () => Promise.reject(new Error('bug')) }],
  ['verify rejects with no Error', { verify: () => Promise.reject('bug') }],
  ['verify forgets its verdict', { verify: () => undefined as unknown as Result<Authenticated> }],
  [
    'verify promises no verdict',
    { verify: () => Promise.resolve(undefined as unknown as Result<Authenticated>) },
  ],
  ['the verdict is no result', { verify: () => broken }],
  ['the refusal has a code of its own', { verify: () => refuse('forbidden' as DenialCode, '') }],
  ['it proves nobody', { verify: () => ok({} as Authenticated) }],
]
for (const [name, members] of failures) {
  test(`fails closed when ${name}, also where a caller is optional`, async () => {
    const policy = toPolicy([{ ...answering(ok(proven)), ...members }], undefined, true)
    assert.equal(await codeOf(guard(policy, toCall())), 'unavailable')
  })
}

test('a provider that fails does not keep the next from letting the caller in', async () => {
  const policy = toPolicy([{ ...abstaining, read: throwing }, answering(ok(proven))])
  assert.equal(await codeOf(guard(policy, toCall())), 'let in')
})

test('a provider that cannot phrase its challenge still refuses', () => {
  const mute: Provider = { ...answering(refuse('invalid', '')), challenges: throwing }
  const decision = guard(toPolicy([mute, answering(refuse('missing', ''), 'Other')]), toCall())
  assert.ok(!isPromise(decision) && !decision.ok)
  assert.deepEqual(decision.challenges, ['Other, error="missing"'])
})

test('a refusal brings one challenge for each scheme, the deciding entry first', () => {
  const policy = toPolicy([
    answering(refuse('invalid', ''), 'Bearer a'),
    answering(refuse('expired', ''), 'bearer b'),
    { ...abstaining, challenges: ({ code }) => [`Basic ${code}`] },
  ])
  const decision = guard(policy, toCall())
  assert.ok(!isPromise(decision) && !decision.ok)
  assert.deepEqual(decision.challenges, ['bearer b, error="expired"', 'Basic missing'])
})

test('a caller who lacks a scope is not asked for other credentials', () => {
  const policy = toPolicy([answering(ok(proven)), { ...abstaining, challenges: () => ['Basic'] }], 'admin')
  const decision = guard(policy, toCall())
  assert.ok(!isPromise(decision) && !decision.ok)
  assert.deepEqual(decision.challenges, ['Test realm="t", error="insufficient_scope"'])
})

test('reply metadata travels with both outcomes', () => {
  const reply = [['DPoP-Nonce', 'n']] as const
  const good = guard(toPolicy([answering(ok({ principal: alice, reply }))]), toCall())
  const bad = guard(toPolicy([answering(refuse('invalid', '', { reply }))]), toCall())
  assert.ok(!isPromise(good) && !isPromise(bad))
  assert.deepEqual([good.reply, bad.reply], [reply, reply])
})

test('every decision is published to those who listen', async () => {
  const seen: unknown[] = []
  const listen = (event: unknown): void => void seen.push(event)
  decisions.subscribe(listen)
  const call = toCall()
  const results = [
    await guard(toPolicy([answering(ok(proven))]), call),
    await guard(toPolicy([answering(Promise.resolve(refuse('expired', '')))]), call),
  ]
  decisions.unsubscribe(listen)
  assert.deepEqual(
    seen,
    results.map((decision): DecisionEvent => ({ call, decision })),
  )
})
