import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { after, before, describe, mock, test } from 'node:test'
import {
  createRevocations,
  decisions,
  ok,
  readAuthorization,
  refuse,
  systemClock,
  toPrincipal,
} from 'barre/core'
import type { DecisionEvent, Principal, Provider } from 'barre/core'
import { Cells } from './harness/cells.ts'
import type { Case, Prepared, Presented, ProviderKit } from './harness/kit.ts'
import type { InBand, LiveConnection, LiveKit, RunningLive } from './harness/live-kit.ts'
import { nameOf } from './harness/service.ts'
import { createWorld } from './harness/world.ts'
import * as liveKits from './lives/index.ts'
import * as providerKits from './providers/index.ts'
import { isInstalled, skipWithout } from '../tools/servers/index.ts'

const world = await createWorld()
const kits: readonly ProviderKit[] = Object.values(providerKits)
const cells = new Cells('provider', 'end of a credential', 'wire')
const providers = await Promise.all(
  kits
    .filter(({ needs }) => needs === undefined || isInstalled(needs))
    .map(async (kit) => ({ kit, prepared: await kit.prepare(world) })),
)

/** The services' own time; timers fire when it is moved on, and not else. */
let nowMs = systemClock()
mock.timers.enable({ apis: ['setTimeout'] })
after(() => mock.timers.reset())

/** Less than the longest delay of a timer: longer waits are armed again, which takes the clock of that moment. */
const stepMaxMs = 2 ** 31 - 2

function advance(ms: number): void {
  for (let left = ms; left > 0; left -= stepMaxMs) {
    const step = Math.min(left, stepMaxMs)
    nowMs += step
    mock.timers.tick(step)
  }
}

for (const live of Object.values(liveKits)) {
  for (const { kit, prepared } of providers) {
    // No connection is made with a credential of messages alone.
    if ('good' in prepared.never || (kit.sendsProofs === true && !live.takesProofs)) continue
    describe(`${kit.name} on ${nameOf(live)}`, () => ends(kit, prepared, live))
  }
  if (live.renewsInBand) describe(`${nameOf(live)} under an outage`, () => outlivesAnOutage(live))
  else describe(`${nameOf(live)}, without renewal`, () => endsWithoutRenewal(live))
}
for (const { name, needs } of kits) {
  if (needs === undefined || isInstalled(needs)) continue
  test(`${name} on connections that last`, (context) => void skipWithout(needs, context))
}

after(() => world.close())
cells.report()

function ends(kit: ProviderKit, prepared: Prepared, live: LiveKit): void {
  const revocations = createRevocations()
  const good = prepared.cases.find(({ outcome }) => outcome === 'good')!.presented
  let running: RunningLive
  before(async () => {
    running = await live.start(
      {
        auth: [{ ...prepared.entry, scopes: ['orders'] }, { provider: strangers }],
        resource: 'service',
        services: { now: () => nowMs, revocations },
      },
      { host: '127.0.0.1', security: 'optional certificate', world },
    )
  })
  after(() => running.close())
  const claim: Claim = (name, rule) => {
    cells.add(kit.name, name, nameOf(live))
    test(name, async () => {
      const startMs = nowMs
      const opened = await open(running, good)
      try {
        await rule(opened)
      } finally {
        await opened.connection.close()
        // The next connection is one of today.
        nowMs = startMs
      }
    })
  }

  claim('ends at its expiry and not before, or lasts', async ({ connection, principal }) => {
    const { expiresAtSeconds } = principal
    if (expiresAtSeconds === undefined) {
      advance(365 * 86_400_000)
      assert.equal(await connection.ask(), principal.username)
      return
    }
    advance(expiresAtSeconds * 1000 - nowMs - 1)
    assert.equal(await connection.ask(), principal.username)
    advance(1)
    assert.equal(await connection.ended, live.says('expired'))
  })
  if (live.renewsInBand) reauthenticates(kit, prepared.cases, good, live, claim)
  // The last one: a provider that remembers revocations lets this caller in no more.
  claim('ends when its subject is revoked', async ({ connection, principal }) => {
    revocations.revoke({ subject: 'somebody else' })
    assert.equal(await connection.ask(), principal.username)
    const { sub: subject = principal.username } = principal.claims as { readonly sub?: string }
    revocations.revoke({ subject })
    assert.equal(await connection.ended, live.says('invalid'))
  })
}

type Claim = (name: string, rule: (opened: Opened) => Promise<void>) => void

/** What is presented on the open connection. */
function reauthenticates(
  kit: ProviderKit,
  cases: readonly Case[],
  good: Presented,
  live: LiveKit,
  claim: Claim,
): void {
  // Beside a certificate that lets in, nothing else is looked at.
  if (kit.folder !== 'mutual-tls') {
    claim("ends with another caller's credential", async ({ connection }) => {
      inBandOf(connection).present('Stranger mallory')
      assert.equal(await connection.ended, live.says('invalid'))
    })
  }
  if (kit.sendsProofs === true) {
    claim('is renewed with a proof of its own', async ({ connection, principal }) => {
      const [authorization = ''] = good.authorization ?? []
      assert.equal(await inBandOf(connection).renew(authorization, good.proof), 'accepted')
      assert.equal(await connection.ask(), principal.username)
    })
    claim('a renewal without a proof of its own ends it', async ({ connection }) => {
      inBandOf(connection).present(good.authorization?.[0] ?? '')
      assert.equal(await connection.ended, live.says('invalid'))
    })
  }
  renewed(kit.sendsProofs === true ? [] : cases, good, live, claim)
}

/** Every other credential of the provider, in the place of the good one. */
function renewed(cases: readonly Case[], good: Presented, live: LiveKit, claim: Claim): void {
  for (const { outcome, of, presented, expect, resource = 'plain', aheadMs } of cases) {
    const [authorization, second] = presented.authorization ?? []
    const isPlain = resource === 'plain' && aheadMs === undefined && second === undefined
    if (authorization === undefined || !isPlain || presented.certificate !== good.certificate) continue
    const name = `${outcome}${of === undefined ? '' : `, ${of}`}, in the place of the first: ${expect}`
    claim(name, async ({ connection, principal }) => {
      if (expect === 'admitted') {
        assert.equal(await inBandOf(connection).renew(authorization), 'accepted')
        assert.equal(await connection.ask(), principal.username)
      } else if (expect === 'throttled' || expect === 'unavailable') {
        assert.equal(await inBandOf(connection).renew(authorization), 'kept')
      } else {
        inBandOf(connection).present(authorization)
        assert.equal(await connection.ended, live.says(expect))
      }
    })
  }
}

function inBandOf({ inBand }: LiveConnection): InBand {
  assert.ok(inBand)
  return inBand
}

interface Opened {
  readonly connection: LiveConnection
  /** As whom it was opened. */
  readonly principal: Principal
}

async function open(running: RunningLive, presented: Presented): Promise<Opened> {
  let principal: Principal | undefined
  const listen = (message: unknown): void => {
    const { decision } = message as DecisionEvent
    if (decision.ok) principal = decision.principal
  }
  subscribe(decisions.name, listen)
  try {
    const connection = await running.connect(presented)
    assert.ok(principal)
    return { connection, principal }
  } finally {
    unsubscribe(decisions.name, listen)
  }
}

/** Whoever says a name is that caller. */
const strangers: Provider<string> = named('Stranger')

function named(scheme: string, isDown: () => boolean = () => false, lifeSeconds?: number): Provider<string> {
  return {
    schemes: [scheme],
    read: (call) => readAuthorization(call, scheme),
    verify: (username) =>
      isDown()
        ? refuse('unavailable', 'out of order')
        : ok({
            principal: toPrincipal({
              id: username,
              username,
              scheme,
              scopes: ['orders'],
              ...(lifeSeconds !== undefined && { expiresAtSeconds: nowMs / 1000 + lifeSeconds }),
            }),
          }),
    challenges: () => [scheme],
  }
}

/** Starts a service whose credentials live for three seconds. */
function startShort(live: LiveKit, isDown?: () => boolean): Promise<RunningLive> {
  const auth = [{ provider: named('Named', isDown, 3) }]
  return live.start(
    { auth, resource: 'service', services: { now: () => nowMs } },
    { host: '127.0.0.1', security: 'optional certificate', world },
  )
}

function endsWithoutRenewal(live: LiveKit): void {
  let running: RunningLive
  before(async () => {
    running = await startShort(live)
  })
  after(() => running.close())

  cells.add('any', 'opened again', nameOf(live))
  test('a credential with 3 seconds to live ends its stream then, and not one of a later credential', async () => {
    const { connection: first } = await open(running, { authorization: ['Named alice'] })
    advance(2000)
    const { connection: second } = await open(running, { authorization: ['Named alice'] })
    advance(999)
    assert.equal(await first.ask(), 'alice')
    advance(1)
    assert.equal(await first.ended, live.says('expired'))
    advance(1999)
    assert.equal(await second.ask(), 'alice')
    advance(1)
    assert.equal(await second.ended, live.says('expired'))
    await Promise.all([first.close(), second.close()])
  })
}

function outlivesAnOutage(live: LiveKit): void {
  let running: RunningLive
  let isDown = false
  before(async () => {
    running = await startShort(live, () => isDown)
  })
  after(() => running.close())

  cells.add('any', 'renewed in time', nameOf(live))
  test('a credential with 3 seconds to live is renewed twice, and ends when it is not', async () => {
    const { connection } = await open(running, { authorization: ['Named alice'] })
    for (let renewals = 0; renewals < 2; renewals++) {
      advance(2900)
      assert.equal(await inBandOf(connection).renew('Named alice'), 'accepted')
    }
    advance(2999)
    assert.equal(await connection.ask(), 'alice')
    advance(1)
    assert.equal(await connection.ended, live.says('expired'))
  })
  cells.add('any', 'an outage', nameOf(live))
  test('an outage ends nothing before its time', async () => {
    const { connection } = await open(running, { authorization: ['Named alice'] })
    isDown = true
    assert.equal(await inBandOf(connection).renew('Named alice'), 'kept')
    advance(2999)
    assert.equal(await connection.ask(), 'alice')
    advance(1)
    assert.equal(await connection.ended, live.says('expired'))
  })
}
