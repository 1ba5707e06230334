import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createRevocations } from './revocations.ts'
import { watch } from './watch.ts'
import { systemClock } from './clock.ts'
import { toPrincipal } from './principal.ts'
import type { Denial } from './denial.ts'
import type { Principal } from './principal.ts'

function caller(expiresAtSeconds?: number): Principal {
  return toPrincipal({
    id: 'iss:alice',
    username: 'alice',
    scheme: 'Bearer',
    issuer: 'iss',
    claims: { sub: 'a-1', jti: 't-1' },
    ...(expiresAtSeconds !== undefined && { expiresAtSeconds }),
  })
}

/** Watches with Node's timers and clock in the test's hands. */
function watched(t: TestContext, expiresAtSeconds?: number) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 })
  const ends: Denial[] = []
  const revocations = createRevocations()
  const dispose = watch(caller(expiresAtSeconds), (denial) => ends.push(denial), {
    now: systemClock,
    revocations,
  })
  return { ends, revocations, dispose }
}

test('ends at the expiry, not before, and once', (t) => {
  const { ends } = watched(t, 10)
  t.mock.timers.tick(9_999)
  assert.equal(ends.length, 0)
  t.mock.timers.tick(1)
  assert.deepEqual(
    ends.map((denial) => denial.code),
    ['expired'],
  )
  t.mock.timers.tick(100_000)
  assert.equal(ends.length, 1)
})

test('waits out an expiry beyond the longest timer of 2^31-1 ms', (t) => {
  const longestMs = 2 ** 31 - 1
  const expiresAtSeconds = 5_000_000
  const { ends } = watched(t, expiresAtSeconds)
  for (let elapsedMs = 0; elapsedMs + longestMs < expiresAtSeconds * 1000; elapsedMs += longestMs) {
    t.mock.timers.tick(longestMs)
    assert.equal(ends.length, 0)
  }
  t.mock.timers.tick(expiresAtSeconds * 1000 - systemClock() - 1)
  assert.equal(ends.length, 0)
  t.mock.timers.tick(1)
  assert.equal(ends[0]?.code, 'expired')
})

for (const [name, expiresAtSeconds] of [
  ['is past', -1],
  ['is now', 0],
  ['is no number', Number.NaN],
] as const) {
  test(`ends at once when the expiry ${name}`, (t) => {
    assert.deepEqual(
      watched(t, expiresAtSeconds).ends.map((denial) => denial.code),
      ['expired'],
    )
  })
}

test('waits again when the clock was set back', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = 0
  let ended = false
  watch(caller(10), () => (ended = true), { now: () => nowMs })
  nowMs = -5_000
  t.mock.timers.tick(10_000)
  assert.equal(ended, false)
  nowMs = 10_000
  t.mock.timers.tick(15_000)
  assert.equal(ended, true)
})

test('a disposed watch never ends', (t) => {
  const { ends, revocations, dispose } = watched(t, 10)
  dispose()
  t.mock.timers.tick(20_000)
  revocations.revoke({ subject: 'a-1' })
  assert.equal(ends.length, 0)
})

test('a revocation ends it once, and its expiry does not end it again', (t) => {
  const { ends, revocations } = watched(t, 10)
  revocations.revoke({ tokenId: 'another' })
  revocations.revoke({ tokenId: 't-1' })
  revocations.revoke({ tokenId: 't-1' })
  t.mock.timers.tick(20_000)
  assert.deepEqual(
    ends.map((denial) => denial.code),
    ['invalid'],
  )
})

test('a principal without an expiry is still revoked', (t) => {
  const { ends, revocations } = watched(t)
  revocations.revoke({ issuer: 'iss' })
  assert.equal(ends.length, 1)
})

test('what was revoked between the handshake and the watch ends at once', () => {
  const revocations = createRevocations()
  revocations.revoke({ tokenId: 't-1' })
  const ends: Denial[] = []
  watch(caller(), (denial) => ends.push(denial), { now: systemClock, revocations })
  assert.deepEqual(
    ends.map((denial) => denial.code),
    ['invalid'],
  )
})

test('a password that was proven after a revocation of its user holds, until the next one', () => {
  const revocations = createRevocations()
  revocations.revoke({ subject: 'alice' })
  const ends: Denial[] = []
  const basic = toPrincipal({ id: 'alice', username: 'alice', scheme: 'Basic' })
  watch(basic, (denial) => ends.push(denial), { now: systemClock, revocations })
  assert.equal(ends.length, 0)
  revocations.revoke({ subject: 'alice' })
  assert.equal(ends.length, 1)
})
