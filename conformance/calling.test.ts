import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Secret, systemClock, toPrincipal } from 'barre/core'
import * as callerKits from './callers/index.ts'
import { Cells } from './harness/cells.ts'
import { fickle } from './harness/fickle.ts'
import type { Fickle } from './harness/fickle.ts'
import { callerKinds } from './harness/calling-kit.ts'
import type { Calling, CallerKind, CallerKit, OnBehalfOf, PreparedSource } from './harness/calling-kit.ts'
import { startService, toWires } from './harness/service.ts'
import type { Service, Wire } from './harness/service.ts'
import * as sourceKits from './sources/index.ts'
import { issueToken } from './harness/tokens.ts'
import { createWorld } from './harness/world.ts'

const world = await createWorld()
const cells = new Cells('source', 'rule of calling', 'wire')
const sources = await Promise.all(
  Object.values(sourceKits).map(async (kit) => ({ kit, prepared: await kit.prepare(world) })),
)

const credential = new Secret(await issueToken(world))
const alice = { id: 'alice', username: 'alice', scheme: 'Bearer' }
const callers: Readonly<Record<CallerKind, OnBehalfOf | undefined>> = {
  nobody: undefined,
  'a caller with a token': { principal: toPrincipal(alice), credential },
  'a caller without a token': { principal: toPrincipal({ ...alice, scheme: 'Basic' }) },
  'a caller whose token is bound to a key': {
    principal: toPrincipal({ ...alice, claims: { cnf: { jkt: 'abc' } } }),
    credential,
  },
  'a caller whose credential has ended': {
    principal: toPrincipal({ ...alice, expiresAtSeconds: 1 }),
    credential,
  },
}
const good = { caller: callers['a caller with a token'] }

/** A refused token is replaced at most once in this time, in milliseconds. */
const cooldownMs = 30_000

for (const by of Object.values(callerKits)) {
  for (const wire of toWires([by.to])) {
    for (const { kit, prepared } of sources) {
      describe(`${kit.folder} by ${by.folder} to ${wire.name}`, () => {
        reachesItsService(kit.folder, prepared, by, wire)
        if (prepared.renews !== 'never sent') renews(kit.folder, prepared, by, wire)
      })
    }
  }
}

function reachesItsService(name: string, prepared: PreparedSource, by: CallerKit, wire: Wire): void {
  let service: Service
  let calling: Calling
  before(async () => {
    service = await startService(
      wire,
      { auth: [prepared.accepts], resources: { plain: 'service' } },
      { world },
    )
    calling = connect(by, service, prepared)
  })
  after(async () => {
    await calling.close()
    await service.close()
  })

  for (const kind of callerKinds) {
    const expected = prepared.on[kind]
    cells.add(name, kind, by.folder, wire.name)
    const outcome = 'as' in expected ? `is known as ${expected.as}` : `is not sent: ${expected.without}`
    test(`a call for ${kind} ${outcome}`, async () => {
      const { answer, handled, principal, decision } = await service.observe(() =>
        calling.call({ caller: callers[kind] }),
      )
      if ('as' in expected) {
        assert.deepEqual(
          [answer, handled, principal?.username],
          [{ says: wire.kit.admitted }, 1, expected.as],
        )
      } else {
        assert.deepEqual([answer, decision], [expected, undefined])
      }
    })
  }
  for (const other of sources) {
    if (other.prepared === prepared || other.prepared.renews === 'never sent') continue
    cells.add(name, `not ${other.kit.folder}`, by.folder, wire.name)
    test(`the service that accepts it refuses ${other.kit.folder}`, async () => {
      const stranger = connect(by, service, other.prepared)
      const { answer, handled } = await service.observe(() => stranger.call(good))
      await stranger.close()
      // A service that accepts no credential of calls has none to ask for.
      const asks = prepared.renews !== 'never sent'
      assert.deepEqual([answer, handled], [{ says: wire.kit.says('invalid', asks) }, 0])
    })
  }
}

function renews(name: string, prepared: PreparedSource, by: CallerKit, wire: Wire): void {
  let provider: Fickle
  let service: Service
  let calling: Calling
  let aheadMs: number
  before(async () => {
    provider = fickle()
    service = await startService(wire, { auth: [{ provider }], resources: { plain: 'service' } }, { world })
    aheadMs = 0
    calling = connect(by, service, prepared, () => systemClock() + aheadMs)
  })
  after(async () => {
    await calling.close()
    await service.close()
  })
  const admitted = { says: wire.kit.admitted }
  const refused = { says: wire.kit.says('invalid', true) }
  const callTurned = async (body?: 'text' | 'stream') => {
    assert.deepEqual(await calling.call(good), admitted)
    provider.turn()
    const from = provider.seen.length
    const { answer, handled, sent } = await service.observe(() =>
      calling.call({ ...good, ...(body !== undefined && { body }) }),
    )
    return { answer, handled, sent, seen: provider.seen.slice(from) }
  }

  if (!prepared.renews) {
    cells.add(name, 'refused', by.folder, wire.name)
    test('a refused credential is not sent twice', async () => {
      const { answer, seen } = await callTurned()
      assert.deepEqual([answer, seen.length], [refused, 1])
    })
    return
  }
  cells.add(name, 'refused at once', by.folder, wire.name)
  test('a fresh credential that is refused is not replaced', async () => {
    const { answer, seen } = await callTurned()
    assert.deepEqual([answer, seen.length], [refused, 1])
  })
  cells.add(name, 'refused later', by.folder, wire.name)
  test('an older credential that is refused is replaced once', async () => {
    aheadMs += cooldownMs
    assert.deepEqual(await calling.call(good), admitted)
    aheadMs += cooldownMs
    const { answer, handled, sent, seen } = await callTurned('text')
    assert.deepEqual([answer, handled, sent, new Set(seen).size], [admitted, 1, { item: 'cup' }, 2])
  })
  if (by.sendsBodyLater === true) return
  cells.add(name, 'refused with a stream', by.folder, wire.name)
  test('a body that can be read once is not sent twice', async () => {
    aheadMs += cooldownMs
    const { answer, seen } = await callTurned('stream')
    assert.deepEqual([answer, seen.length], [refused, 1])
  })
}

function connect(
  by: CallerKit,
  { url }: Service,
  { auth }: PreparedSource,
  now: () => number = systemClock,
): Calling {
  return by.connect({ url, resource: 'plain', auth, services: { now }, world })
}

after(() => world.close())
cells.report()
