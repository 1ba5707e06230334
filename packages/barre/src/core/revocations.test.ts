import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { toPrincipal } from './principal.ts'
import { isRevokedBy, rememberTokenHash } from './revocation.ts'
import { createRevocations, revocationMaxLength } from './revocations.ts'
import type { Revocable, Revocation } from './revocation.ts'
import type { RevocationOptions, Revocations } from './revocations.ts'

const startSeconds = 1_800_000_000
const day = 86_400
/** The greatest clock skew of a validator. */
const tolerance = 300
let nowSeconds: number
let errors: unknown[]

beforeEach(() => {
  nowSeconds = startSeconds
  errors = []
})

function make(options: RevocationOptions = {}): Revocations {
  return createRevocations(options, {
    now: () => nowSeconds * 1000,
    log: { error: (fields, message) => errors.push([fields, message]) },
  })
}

/** Alice's token, issued a minute ago unless `claims` says otherwise. */
function token(claims: object = {}, more: Partial<Revocable> = {}): Revocable {
  const all = { sub: 'a-1', jti: 't-1', sid: 's-1', iat: startSeconds - 60, ...claims }
  return { username: 'alice', issuer: 'iss', claims: all, tokenHash: 'hash-1', ...more }
}

const about: readonly (readonly [Revocation, boolean])[] = [
  [{ issuer: 'iss' }, true],
  [{ issuer: 'other' }, false],
  [{ subject: 'a-1' }, true],
  [{ subject: 'alice' }, false],
  [{ tokenId: 't-1' }, true],
  [{ tokenId: 't-2' }, false],
  [{ sessionId: 's-1' }, true],
  [{ sessionId: 's-2' }, false],
  [{ tokenHash: 'hash-1' }, true],
  [{ tokenHash: 'hash-2' }, false],
  [{ all: true }, true],
  [{ issuer: 'iss', subject: 'a-1', tokenId: 't-1', sessionId: 's-1', tokenHash: 'hash-1' }, true],
  [{ issuer: 'iss', subject: 'a-1', tokenId: 't-2' }, false],
  [{ issuer: 'other', tokenId: 't-1' }, false],
  [{ issuer: 'iss', subject: 'a-1', sessionId: 's-2' }, false],
]
for (const [revocation, expected] of about) {
  const what = JSON.stringify(revocation)
  test(`a revocation is about whoever matches all its members, at the event and later: ${what}`, () => {
    const revocations = make()
    const heard: Revocation[] = []
    revocations.subscribe((event) => heard.push(event))
    revocations.revoke(revocation)
    assert.deepEqual(
      heard.map((event) => isRevokedBy(token(), event)),
      [expected],
    )
    assert.equal(revocations.isRevoked(token()), expected)
  })
}

test('a revocation that names nothing is about nobody, and cannot be made', () => {
  assert.equal(isRevokedBy(token(), {}), false)
  const wrong: readonly object[] = [
    {},
    { all: true, subject: 'a-1' },
    { subject: '' },
    { subject: 7 },
    { tokenId: 'x'.repeat(revocationMaxLength + 1) },
    { subject: 'a-1', revokedAtSeconds: Number.NaN },
    { subject: 'a-1', revokedAtSeconds: -1 },
    { subject: 'a-1', expiresAtSeconds: Infinity },
  ]
  for (const revocation of wrong) assert.throws(() => make().revoke(revocation), TypeError)
  make().revoke({ tokenId: 'x'.repeat(revocationMaxLength) })
})

const later: readonly (readonly [claim: string, Revocation, iat: unknown, boolean])[] = [
  ['a newer token of a revoked subject is good', { subject: 'a-1' }, startSeconds + 1, false],
  ['one of the same second is not', { subject: 'a-1' }, startSeconds, true],
  ['nor one without a time', { subject: 'a-1' }, undefined, true],
  ['nor one with a time that is none', { subject: 'a-1' }, 'soon', true],
  ['a time may be digits', { subject: 'a-1' }, String(startSeconds + 1), false],
  ['a newer token of a revoked issuer is good', { issuer: 'iss' }, startSeconds + 1, false],
  ['a newer token is good when all were revoked', { all: true }, startSeconds + 1, false],
  ['a revoked session stays revoked', { sessionId: 's-1' }, startSeconds + 1, true],
  ['a revoked token stays revoked', { tokenId: 't-1' }, startSeconds + 1, true],
  [
    'a revocation can be of the past',
    { subject: 'a-1', revokedAtSeconds: startSeconds - 100 },
    startSeconds - 99,
    false,
  ],
]
for (const [claim, revocation, iat, expected] of later) {
  test(claim, () => {
    const revocations = make()
    revocations.revoke(revocation)
    assert.equal(revocations.isRevoked(token({ iat })), expected)
  })
}

test('of two times the later one counts, whichever came first', () => {
  const revocations = make()
  revocations.revoke({ subject: 'a-1', revokedAtSeconds: startSeconds })
  revocations.revoke({ subject: 'a-1', revokedAtSeconds: startSeconds - 100 })
  assert.equal(revocations.isRevoked(token()), true)
})

test('clockSkewSeconds refuses tokens of an issuer whose clock is ahead', () => {
  const revocations = make({ clockSkewSeconds: 5 })
  revocations.revoke({ subject: 'a-1' })
  const isRevoked = (iat: number): boolean => revocations.isRevoked(token({ iat }))
  assert.deepEqual([isRevoked(startSeconds + 5), isRevoked(startSeconds + 6)], [true, false])
})

test('is remembered for the longest life of a token, and for as long as clocks may differ', () => {
  const revocations = make({ maxTokenLifetimeSeconds: 600 })
  revocations.revoke({ tokenId: 't-1' })
  nowSeconds += 600 + tolerance - 1
  assert.equal(revocations.isRevoked(token()), true)
  nowSeconds += 1
  assert.equal(revocations.isRevoked(token()), false)
})

test('is remembered for a day unless told otherwise, or until the token ends', () => {
  const revocations = make()
  revocations.revoke({ tokenId: 't-1' })
  revocations.revoke({ tokenId: 't-2', expiresAtSeconds: startSeconds + 2 * day })
  nowSeconds += day + tolerance
  const isRevoked = (jti: string): boolean => revocations.isRevoked(token({ jti }))
  assert.deepEqual([isRevoked('t-1'), isRevoked('t-2')], [false, true])
})

test('exactly as many as maxEntries are remembered, each by itself', () => {
  const revocations = make({ maxEntries: 10 })
  for (let index = 0; index < 10; index++) revocations.revoke({ tokenId: `r${index}` })
  assert.equal(revocations.isRevoked(token({ jti: 'r0' })), true)
  assert.equal(revocations.isRevoked(token()), false)
  assert.deepEqual(errors, [])
})

test('one more, and all tokens as old as the forgotten ones are refused, which is said', () => {
  const revocations = make({ maxEntries: 10 })
  const heard: Revocation[] = []
  revocations.subscribe((event) => heard.push(event))
  for (let index = 0; index < 11; index++) {
    nowSeconds = startSeconds + index
    revocations.revoke({ tokenId: `r${index}` })
  }
  const isRevoked = (jti: string, iat: number): boolean => revocations.isRevoked(token({ jti, iat }))
  assert.deepEqual(
    [isRevoked('r0', startSeconds), isRevoked('other', startSeconds), isRevoked('r10', startSeconds + 5)],
    [true, true, true],
  )
  assert.equal(isRevoked('other', startSeconds + 1), false)
  assert.deepEqual(
    heard.filter(({ all }) => all),
    [{ all: true, revokedAtSeconds: startSeconds }],
  )
  assert.match(String((errors as unknown[][])[0]?.[1]), /every token issued until then is refused/)
  nowSeconds = startSeconds + day + tolerance
  assert.equal(isRevoked('other', startSeconds), false)
})

test('what has ended makes room before anything is forgotten', () => {
  const revocations = make({ maxEntries: 10, maxTokenLifetimeSeconds: 600 })
  for (let index = 0; index < 10; index++) revocations.revoke({ tokenId: `r${index}` })
  nowSeconds += 600 + tolerance
  revocations.revoke({ tokenId: 'new' })
  assert.deepEqual([errors, revocations.isRevoked(token({ iat: startSeconds }))], [[], false])
})

test('the same again takes no more room', () => {
  const revocations = make({ maxEntries: 10 })
  for (let index = 0; index < 100; index++) revocations.revoke({ tokenId: 't-1' })
  assert.deepEqual([errors, revocations.isRevoked(token())], [[], true])
})

test('a principal is found by the token that has proven it', () => {
  const revocations = make()
  const principal = toPrincipal({ id: 'a', username: 'a', scheme: 'Bearer' })
  rememberTokenHash(principal, 'hash-9')
  revocations.revoke({ tokenHash: 'hash-9' })
  assert.equal(revocations.isRevoked(principal), true)
})

test('a listener that fails does not keep others from hearing of a revocation', () => {
  const revocations = createRevocations()
  const heard: Revocation[] = []
  revocations.subscribe(() => {
    throw new Error('bug')
  })
  revocations.subscribe((revocation) => heard.push(revocation))
  assert.throws(() => revocations.revoke({ subject: 'x' }), AggregateError)
  assert.deepEqual(
    heard.map(({ subject }) => subject),
    ['x'],
  )
})

test('a caller without a subject claim is revoked by user name', () => {
  const basic = toPrincipal({ id: 'alice', username: 'alice', scheme: 'Basic' })
  assert.equal(isRevokedBy(basic, { subject: 'alice' }), true)
})
