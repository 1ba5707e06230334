import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Cells } from './harness/cells.ts'
import type { Case, Prepared, ProviderKit } from './harness/kit.ts'
import { outcomes } from './harness/kit.ts'
import * as providerKits from './providers/index.ts'
import { assertAdmitted, assertRefused, schemesOf, startService, toWires } from './harness/service.ts'
import type { Service, Wire } from './harness/service.ts'
import * as transportKits from './transports/index.ts'
import { createWorld } from './harness/world.ts'
import { isInstalled, skipWithout } from '../tools/servers/index.ts'

const world = await createWorld()
const wires = toWires(Object.values(transportKits))
const kits: readonly ProviderKit[] = Object.values(providerKits)
const providers = await Promise.all(
  kits
    .filter(({ needs }) => needs === undefined || isInstalled(needs))
    .map(async (kit) => ({ kit, prepared: await kit.prepare(world) })),
)
const cells = new Cells('provider', 'wire', 'outcome')

for (const { kit, prepared } of providers) {
  test(`${kit.name} has a case for each outcome, or the reason why there is none`, () => {
    for (const outcome of outcomes) {
      const hasCase = prepared.cases.some((known) => known.outcome === outcome)
      assert.notEqual(hasCase, outcome in prepared.never, outcome)
    }
  })
  for (const wire of wires) {
    if (kit.sendsProofs === true && wire.kit.publicOrigin === undefined) continue
    if (kit.readsCertificate && wire.security === 'clear') refusesToStart(kit, prepared, wire)
    else describe(`${kit.name} on ${wire.name}`, () => runCases(kit, prepared, wire))
  }
}

for (const { name, needs } of kits) {
  if (needs === undefined || isInstalled(needs)) continue
  test(`${name} on every wire`, (context) => void skipWithout(needs, context))
}

after(() => world.close())

cells.report()

function runCases(kit: ProviderKit, prepared: Prepared, wire: Wire): void {
  let service: Service
  before(async () => {
    service = await startService(wire, toServed(prepared), { world })
  })
  after(() => service.close())
  for (const known of prepared.cases) {
    const { outcome, of, resource = 'plain', presented, aheadMs, expect } = known
    cells.add(kit.name, wire.name, outcome)
    test(`${outcome}${of === undefined ? '' : `, ${of}`}: ${expect}`, async () => {
      const sent = { resource, presented }
      const observed = await service.probe(sent, aheadMs)
      if (expect === 'admitted') {
        assertAdmitted(service, observed, { username: prepared.principal.username, entry: 'auth[0]' })
        const { id, username, scheme } = observed.principal!
        assert.deepEqual({ id, username, scheme }, prepared.principal)
      } else {
        assertRefused(service, observed, expect, sent)
        if (asksForMore(known)) assert.deepEqual(schemesOf(observed.answer), prepared.asksFor)
      }
    })
  }
}

function toServed({ entry, down }: Prepared): Parameters<typeof startService>[1] {
  return {
    auth: [{ ...entry, scopes: ['orders'] }],
    resources: {
      plain: 'service',
      elevated: { scopes: { all: ['orders', 'admin'] } },
      ...(down !== undefined && { down: [{ ...down, scopes: ['orders'] }] }),
    },
  }
}

/** Whether another credential of the same kind would help. */
function asksForMore({ expect }: Case): boolean {
  return expect === 'missing' || expect === 'invalid' || expect === 'expired'
}

function refusesToStart(kit: ProviderKit, prepared: Prepared, wire: Wire): void {
  test(`${kit.name} on ${wire.name} does not start: nobody asks for certificates`, async () => {
    const starting = startService(wire, toServed(prepared), { world })
    await assert.rejects(starting, { code: 'config', path: 'auth' })
  })
}
