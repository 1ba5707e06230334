import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { after, before, describe, mock, test } from 'node:test'
import { createRevocations, decisions, systemClock } from 'barre/core'
import type { Decision, DecisionEvent } from 'barre/core'
import type { AuthConfig } from 'barre/auth'
import { Cells } from '../harness/cells.ts'
import type { Security } from '../harness/kit.ts'
import { createWorld } from '../harness/world.ts'
import { jwt, mutualTls } from '../providers/index.ts'
import * as socketKits from './index.ts'
import type { RunningSockets, ServedSockets, SocketConnection, SocketKit } from './kit.ts'

const world = await createWorld()
const cells = new Cells('claim', 'wire without metadata')
const [certificates, tokens] = await Promise.all([mutualTls.prepare(world), jwt.prepare(world)])
const { alice, impostor } = world.clients
const aliceEndsMs = new X509Certificate(alice.cert).validToDate.getTime()
const entry = { ...certificates.entry, scopes: ['orders'] }

/** The services' own time; timers fire when it is moved on, and not else. */
let nowMs = systemClock()
mock.timers.enable({ apis: ['setTimeout'] })

function advance(ms: number): void {
  nowMs += ms
  mock.timers.tick(ms)
}

let last: Decision | undefined
let handled = 0
const listen = (message: unknown): void => void (last = (message as DecisionEvent).decision)
subscribe(decisions.name, listen)
after(async () => {
  unsubscribe(decisions.name, listen)
  mock.timers.reset()
  await world.close()
})

for (const kit of Object.values(socketKits)) {
  describe(`certificates on ${kit.folder}`, () => judges(kit))
  describe(`${kit.folder} that requires a certificate`, () => requires(kit))
  describe(`connections of ${kit.folder} that last`, () => lasts(kit))
  for (const [claim, auth, path] of mistakes()) {
    cells.add(claim, kit.folder)
    test(`${kit.folder} does not start: ${claim}`, async () => {
      await assert.rejects(start(kit, { auth: auth as AuthConfig }), { code: 'config', path })
    })
  }
}
cells.report()

function mistakes(): readonly (readonly [claim: string, auth: unknown, path: string])[] {
  return [
    ['an empty list', [], 'auth'],
    ['a record in place of the list', certificates.entry, 'auth'],
    ['an entry without a kind', [{ scopes: ['orders'] }], 'auth[0]'],
    ['an empty scope', [{ ...certificates.entry, scopes: '' }], 'auth[0].scopes'],
  ]
}

function start(
  kit: SocketKit,
  served: Pick<ServedSockets, 'auth'> & Partial<ServedSockets>,
  security: Security = 'optional certificate',
): Promise<RunningSockets> {
  return kit.start(
    { services: { now: () => nowMs }, onHandled: () => handled++, ...served },
    { host: '127.0.0.1', security, world },
  )
}

function judges(kit: SocketKit): void {
  let running: RunningSockets
  let strict: RunningSockets
  before(async () => {
    running = await start(kit, { auth: [tokens.entry, entry] })
    strict = await start(kit, { auth: [{ ...entry, scopes: { all: ['orders', 'admin'] } }] })
  })
  after(() => Promise.all([running.close(), strict.close()]))

  for (const { outcome, of, presented, resource = 'plain', aheadMs = 0, expect: on } of certificates.cases) {
    if (presented.authorization !== undefined) continue
    const expect = on === 'expired' && kit.handshakeHasClock === true ? 'missing' : on
    const name = `${outcome}${of === undefined ? '' : `, ${of}`}`
    cells.add(name, kit.folder)
    test(`${name}: ${expect}`, async () => {
      const startMs = nowMs
      nowMs += aheadMs
      handled = 0
      const connection = await (resource === 'elevated' ? strict : running).connect(presented)
      try {
        if (expect === 'admitted') {
          assert.equal(await connection.ask(), certificates.principal.username)
          assert.deepEqual([handled, last?.ok], [1, true])
        } else {
          await assert.rejects(connection.ask())
          assert.equal(handled, 0)
          assert.equal(last?.ok === false && last.denial.code, expect)
        }
      } finally {
        nowMs = startMs
        await connection.close()
      }
    })
  }
}

function requires(kit: SocketKit): void {
  let running: RunningSockets
  before(async () => (running = await start(kit, { auth: [entry] }, 'required certificate')))
  after(() => running.close())
  for (const [claim, certificate] of [
    ['nobody', undefined],
    ["a stranger's certificate", impostor],
  ] as const) {
    cells.add(claim, kit.folder)
    test(`${claim} does not get past the handshake`, async () => {
      handled = 0
      last = undefined
      // Over TLS 1.3 a client learns it only after its own part of the handshake.
      await assert.rejects(async () => {
        const connection = await running.connect(certificate === undefined ? {} : { certificate })
        await connection.ask()
      })
      assert.deepEqual([handled, last], [0, undefined])
    })
  }
  cells.add('a certificate', kit.folder)
  test('a certificate that is named is let in', async () => {
    const connection = await running.connect({ certificate: alice })
    assert.equal(await connection.ask(), 'cn:alice')
    await connection.close()
  })
}

function lasts(kit: SocketKit): void {
  const revocations = createRevocations()
  let running: RunningSockets
  before(async () => {
    running = await start(kit, { auth: [entry], services: { now: () => nowMs, revocations } })
  })
  after(() => running.close())
  const claim = (name: string, rule: (connection: SocketConnection) => Promise<void>): void => {
    cells.add(name, kit.folder)
    test(name, async () => {
      const startMs = nowMs
      nowMs = aliceEndsMs - 3_600_000
      const connection = await running.connect({ certificate: alice })
      try {
        assert.equal(await connection.ask(), 'cn:alice')
        await rule(connection)
      } finally {
        nowMs = startMs
        await connection.close()
      }
    })
  }
  claim('end with their certificate and not before', async (connection) => {
    assert.equal(last?.ok === true && last.principal?.expiresAtSeconds, aliceEndsMs / 1000)
    advance(3_600_000 - 1)
    assert.equal(await connection.ask(), 'cn:alice')
    advance(1)
    await connection.ended
    assert.equal(last?.ok === false && last.denial.code, 'expired')
  })
  claim('end when their caller is revoked', async (connection) => {
    revocations.revoke({ subject: 'somebody else' })
    assert.equal(await connection.ask(), 'cn:alice')
    revocations.revoke({ subject: 'cn:alice' })
    await connection.ended
    assert.equal(last?.ok === false && last.denial.code, 'invalid')
  })
}
