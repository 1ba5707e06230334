import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meet, toDemand } from './demand.ts'
import { toPrincipal } from './principal.ts'
import type { Policy } from './policy.ts'
import type { Rules } from './rules.ts'

/** Rules of a service with `auth`, as far as a demand asks for them. */
const declared: Rules = {
  policyFor: (auth) => ({ alternatives: [], optional: false, ...(auth as Partial<Policy> | undefined) }),
  needsClientCertificate: false,
  ready: () => true,
  close: async () => {},
}
const undeclared: Rules = { ...declared, policyFor: () => undefined }

const reader = toPrincipal({ id: 'r', username: 'r', scheme: 'Bearer', scopes: ['read'] })
const rows = [
  [false, undefined, undefined],
  [false, reader, undefined],
  [true, undefined, 'missing'],
  [true, reader, undefined],
  [{ scopes: 'read' }, reader, undefined],
  [{ scopes: ['write', 'read'] }, reader, undefined],
  [{ scopes: { all: ['write', 'read'] } }, reader, 'insufficient_scope'],
  [{ scopes: 'write' }, undefined, 'missing'],
  [{ optional: true }, undefined, undefined],
  [{ optional: true, scopes: 'write' }, undefined, undefined],
  [{ optional: true, scopes: 'write' }, reader, 'insufficient_scope'],
] as const
for (const [auth, principal, expected] of rows) {
  test(`${JSON.stringify(auth)} to ${principal?.id ?? 'nobody'}: ${expected ?? 'met'}`, () => {
    assert.equal(meet(toDemand(declared, auth, 'fields.a'), principal)?.code, expected)
  })
}

test('a part has no entries of its own, and demands nothing that a service without auth cannot prove', () => {
  assert.throws(() => toDemand(declared, [], 'fields.a'), { code: 'config', path: 'fields.a' })
  assert.throws(() => toDemand(undeclared, true, 'fields.a'), { code: 'config', path: 'fields.a' })
})

test('a part may ask for a stronger login', () => {
  const denial = { code: 'insufficient_authentication', detail: 'too long ago' } as const
  const provider = {
    schemes: [],
    read: () => undefined,
    verify: () => undefined as never,
    challenges: () => [],
  }
  const policy = { alternatives: [{ provider, entry: 'auth[0]', stepUp: () => denial }], optional: false }
  const demand = toDemand({ ...declared, policyFor: () => policy }, { stepUp: {} }, 'fields.a')
  assert.equal(meet(demand, reader), denial)
  assert.equal(meet(toDemand({ ...declared, policyFor: () => policy }, true, 'fields.a'), reader), undefined)
})
