import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRevocations, ok, refuse, Secret, toPrincipal } from 'barre/core'
import { entriesMax, exchanger } from './exchanger.ts'
import type { Principal, Result, Revocations } from 'barre/core'
import type { ExchangedToken } from './request-token.ts'
import type { Exchanger, Subject } from './exchanger.ts'

const startMs = 1_800_000_000_000

function alice(more: Partial<Principal> = {}): Subject {
  const principal = toPrincipal({
    id: 'idp:alice',
    username: 'alice',
    scheme: 'Bearer',
    issuer: 'idp',
    claims: { sub: 'alice', jti: 'one' },
    expiresAtSeconds: startMs / 1000 + 3600,
    ...more,
  })
  return { token: 'subject', principal }
}

interface Bench {
  readonly tokens: Exchanger
  readonly clock: { nowMs: number }
  readonly revocations: Revocations
  calls: number
  outcome: () => Promise<Result<ExchangedToken>>
}

function bench(lifetimeSeconds = 300): Bench {
  const clock = { nowMs: startMs }
  const revocations = createRevocations()
  const made: Bench = {
    clock,
    revocations,
    calls: 0,
    outcome: async () => ok({ token: new Secret(`token-${made.calls}`), lifetimeSeconds }),
    tokens: exchanger(
      async () => {
        made.calls++
        return made.outcome()
      },
      { now: () => clock.nowMs, revocations },
    ),
  }
  return made
}

async function tokenOf(
  b: Bench,
  subject = alice(),
  wanted: { audience: string; scopes?: string[] } = { audience: 'orders' },
): Promise<string> {
  const result = await b.tokens.exchange(subject, wanted)
  return result.ok ? result.value.reveal() : result.denial.code
}

test('a remembered token is handed out at once', async () => {
  const b = bench()
  assert.equal(await tokenOf(b), 'token-1')
  assert.equal(b.tokens.exchange(alice(), { audience: 'orders' }) instanceof Promise, false)
  assert.deepEqual([await tokenOf(b), b.calls], ['token-1', 1])
})

const ends: [claim: string, lifetimeSeconds: number, expiresAtSeconds: number | undefined, keptMs: number][] =
  [
    ['a minute ends it', 300, startMs / 1000 + 3600, 60_000],
    ['its own end ends it', 20, startMs / 1000 + 3600, 20_000],
    ['the end of the subject token ends it', 300, startMs / 1000 + 10, 10_000],
    ['a token of unknown lifetime is not kept', 0, startMs / 1000 + 3600, 0],
    ['a subject token of unknown lifetime is not kept', 300, undefined, 0],
  ]

for (const [claim, lifetimeSeconds, expiresAtSeconds, keptMs] of ends) {
  test(claim, async () => {
    const b = bench(lifetimeSeconds)
    const subject = alice(expiresAtSeconds === undefined ? {} : { expiresAtSeconds })
    const { principal } = subject
    const bare =
      expiresAtSeconds === undefined ? { ...subject, principal: withoutExpiry(principal) } : subject
    await tokenOf(b, bare)
    if (keptMs > 0) {
      b.clock.nowMs = startMs + keptMs - 1
      await tokenOf(b, bare)
      assert.equal(b.calls, 1, 'a millisecond before')
    }
    b.clock.nowMs = startMs + keptMs
    await tokenOf(b, bare)
    assert.equal(b.calls, 2)
  })
}

function withoutExpiry(principal: Principal): Principal {
  const { id, username, scopes, scheme, claims } = principal
  return { id, username, scopes, scheme, claims }
}

test('another token, audience or scope is another entry', async () => {
  const b = bench()
  const wants: [Subject, { audience: string; scopes?: string[] }][] = [
    [alice(), { audience: 'orders' }],
    [{ ...alice(), token: 'other' }, { audience: 'orders' }],
    [alice(), { audience: 'stock' }],
    [alice(), { audience: 'orders', scopes: ['a'] }],
    [alice(), { audience: 'orders', scopes: ['a', 'b'] }],
    [alice(), { audience: 'orders', scopes: ['a b'] }],
  ]
  for (const [subject, wanted] of wants) await tokenOf(b, subject, wanted)
  assert.equal(b.calls, wants.length)
})

test('a thousand callers at once make one request', async () => {
  const b = bench()
  const answers = await Promise.all(Array.from({ length: 1000 }, () => tokenOf(b)))
  assert.deepEqual([b.calls, new Set(answers)], [1, new Set(['token-1'])])
})

test('a failure reaches those who waited and is not kept', async () => {
  const b = bench()
  b.outcome = async () => refuse('unavailable', 'down')
  assert.deepEqual(await Promise.all([tokenOf(b), tokenOf(b)]), ['unavailable', 'unavailable'])
  assert.equal(b.calls, 1)
  b.outcome = async () => ok({ token: new Secret('up'), lifetimeSeconds: 300 })
  assert.equal(await tokenOf(b), 'up')
})

for (const [claim, revocation, calls] of [
  ['its subject', { issuer: 'idp', subject: 'alice' }, 2],
  ['its token', { tokenId: 'one' }, 2],
  ['another subject', { issuer: 'idp', subject: 'bob' }, 1],
] as const) {
  test(`a revocation of ${claim} ${calls === 2 ? 'ends' : 'leaves'} a remembered token`, async () => {
    const b = bench()
    await tokenOf(b)
    b.revocations.revoke(revocation)
    await tokenOf(b)
    assert.equal(b.calls, calls)
  })
}

test('what was on its way when something was revoked is neither shared nor kept', async () => {
  const b = bench()
  let release: (() => void) | undefined
  const gate = new Promise<void>((resolve) => (release = resolve))
  b.outcome = async () => {
    await gate
    return ok({ token: new Secret('old'), lifetimeSeconds: 300 })
  }
  const early = tokenOf(b)
  b.revocations.revoke({ subject: 'alice' })
  const late = tokenOf(b)
  assert.equal(b.calls, 2)
  release?.()
  await Promise.all([early, late])
  b.revocations.revoke({ subject: 'alice' })
  await tokenOf(b)
  assert.equal(b.calls, 3)
})

test('holds as many tokens as the limit says, and forgets the one used longest ago', async () => {
  const b = bench()
  for (let index = 0; index <= entriesMax; index++) await tokenOf(b, { ...alice(), token: `t${index}` })
  assert.equal(b.calls, entriesMax + 1)
  await tokenOf(b, { ...alice(), token: `t${entriesMax}` })
  assert.equal(b.calls, entriesMax + 1, 'the last is remembered')
  await tokenOf(b, { ...alice(), token: 't0' })
  assert.equal(b.calls, entriesMax + 2, 'the first is not')
})
