import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { DenialCode } from 'barre/core'
import { Cells } from './harness/cells.ts'
import type { Presented, Sent, Verb } from './harness/kit.ts'
import { fileUserStore, jwt } from './providers/index.ts'
import { assertAdmitted, assertRefused, schemesOf, startService, toWires } from './harness/service.ts'
import type { Service } from './harness/service.ts'
import { issueToken } from './harness/tokens.ts'
import * as transportKits from './transports/index.ts'
import { createWorld } from './harness/world.ts'

const world = await createWorld()
const wires = toWires(Object.values(transportKits))
const cells = new Cells('rule of a resource', 'wire')
const [tokens, users] = await Promise.all([jwt.prepare(world), fileUserStore.prepare(world)])
const good = await issueToken(world)

const callers = {
  nobody: {},
  alice: bearer(good),
  admin: bearer(await issueToken(world, { customClaims: { scope: 'orders admin' } })),
  forger: bearer('abc'),
  'alice, twice': { authorization: [`Bearer ${good}`, `Bearer ${good}`] },
  'alice with her password': users.cases.find(({ outcome }) => outcome === 'good')!.presented,
} satisfies Record<string, Presented>

const resources = {
  plain: 'service',
  open: false,
  any: { scopes: ['admin', 'orders'] },
  both: { scopes: { all: ['admin', 'orders'] } },
  maybe: { optional: true },
  maybe_admin: { optional: true, scopes: 'admin' },
  replaced: [users.entry],
} as const

type Row = readonly [
  caller: keyof typeof callers,
  resource: keyof typeof resources,
  expect: 'alice' | 'somebody' | DenialCode,
]

const rows: readonly Row[] = [
  ['nobody', 'open', 'somebody'],
  ['alice', 'open', 'somebody'],
  ['forger', 'open', 'somebody'],
  ['alice, twice', 'open', 'somebody'],
  ['nobody', 'plain', 'missing'],
  ['alice', 'plain', 'alice'],
  ['alice', 'any', 'alice'],
  ['alice', 'both', 'insufficient_scope'],
  ['admin', 'both', 'alice'],
  ['nobody', 'maybe', 'somebody'],
  ['alice', 'maybe', 'alice'],
  ['forger', 'maybe', 'invalid'],
  ['alice, twice', 'maybe', 'malformed'],
  ['alice with her password', 'maybe', 'invalid'],
  ['nobody', 'maybe_admin', 'somebody'],
  ['alice', 'maybe_admin', 'insufficient_scope'],
  ['admin', 'maybe_admin', 'alice'],
  ['alice', 'replaced', 'invalid'],
  ['alice with her password', 'replaced', 'alice'],
  ['alice with her password', 'plain', 'invalid'],
]

for (const wire of wires) {
  describe(`resources on ${wire.name}`, () => {
    let service: Service
    before(async () => {
      const auth = [{ ...tokens.entry, scopes: ['orders'] }]
      service = await startService(wire, { auth, resources }, { world })
    })
    after(() => service.close())
    const call = async (caller: keyof typeof callers, resource: string, verb: Verb = 'read') => {
      const sent: Sent = { resource, verb, presented: callers[caller] }
      return { sent, observed: await service.probe(sent) }
    }

    for (const [caller, resource, expect] of rows) {
      for (const verb of ['read', 'look', 'write'] as const) {
        cells.add(caller, resource, verb, wire.name)
        test(`${caller}, ${verb} of ${resource}: ${expect}`, async () => {
          const { sent, observed } = await call(caller, resource, verb)
          if (expect === 'alice') assertAdmitted(service, observed, { username: 'alice' })
          else if (expect === 'somebody') assertAdmitted(service, observed, {})
          else assertRefused(service, observed, expect, sent)
          if (observed.handled > 0 && verb === 'write') assert.deepEqual(observed.sent, { item: 'cup' })
        })
      }
    }
    for (const [caller, code] of [
      ['nobody', 'missing'],
      ['forger', 'invalid'],
      ['alice, twice', 'malformed'],
      ['alice', 'insufficient_scope'],
    ] as const) {
      cells.add(caller, 'unfinished write', wire.name)
      // Not a limit on speed: a service that waits for the rest of the body waits for ever.
      test(`${caller} is refused while the body is still to come`, { timeout: 10_000 }, async () => {
        const { sent, observed } = await call(caller, 'both', 'unfinished write')
        assertRefused(service, observed, code, sent)
      })
    }
    for (const caller of ['nobody', 'alice'] as const) {
      cells.add(caller, 'unknown', wire.name)
      test(`${caller} finds no resource that was not declared`, async () => {
        const { observed } = await call(caller, 'undeclared')
        assert.equal(observed.answer.says, service.kit.unknown)
        assert.equal(observed.handled, 0)
      })
    }
    for (const spelling of wire.kit.spellings('plain')) {
      cells.add(spelling, wire.name)
      test(`nobody gets past the guard by ${spelling}`, async () => {
        const { observed } = await call('nobody', spelling)
        assert.equal(observed.handled, 0)
        assert.notEqual(observed.answer.says, service.kit.admitted)
      })
    }
    cells.add('replaced asks', wire.name)
    test("a list in place of the service's asks for its own schemes, and is named in the decision", async () => {
      const { observed } = await call('nobody', 'replaced')
      assert.deepEqual(schemesOf(observed.answer), ['basic'])
      const admitted = await call('alice with her password', 'replaced')
      assert.match(admitted.observed.decision?.entry ?? '', /\[0\]$/)
    })
    cells.add('token in the query', wire.name)
    test('a token in the query is no credential', async () => {
      const sent = { resource: 'plain', presented: {}, query: `?access_token=${good}` }
      assertRefused(service, await service.probe(sent), 'missing', sent)
    })
  })
}

after(() => world.close())
cells.report()

function bearer(token: string): Presented {
  return { authorization: [`Bearer ${token}`] }
}
