import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { attachIdentity } from 'barre/messages'
import { isInstalled, skipWithout } from '../../tools/servers/index.ts'
import { Cells } from '../harness/cells.ts'
import { matches, untrusted } from './matches.ts'
import { opensStores } from './opens-stores.ts'
import { stays } from './stays.ts'
import { storeWriters, writeStores } from './stores.ts'
import { startTokenService } from './token-service.ts'
import { createBrokerWorld, tokenIssuer, untilLost, user } from './world.ts'
import type { Attempt, BrokerKit, Consumer, Consuming, Got, RunningBroker } from './kit.ts'
import type { BrokerWorld } from './world.ts'

/** All that holds for every broker, tried on each: at once, because much of it is waiting. */
export async function brokerSuites(kits: readonly BrokerKit[]): Promise<void> {
  const world = await createBrokerWorld()
  const tokens = await startTokenService(['kafka', 'rabbitmq', 'elsewhere'])
  const here = kits.filter(isHere)
  const [stores, running] = await Promise.all([
    writeStores(world),
    Promise.all(here.map(async (kit) => ({ kit, broker: await kit.start(world, tokens) }))),
  ])
  after(async () => {
    await Promise.all(running.map(({ broker }) => broker.stop()))
    await tokens.close()
    await world.close()
  })
  const cells = new Cells('server', 'mechanism', 'connection')
  const stored = new Cells('server', 'client', 'trust store', 'key store')
  for (const writer of storeWriters) {
    if (!isInstalled(writer))
      void test(`stores by ${writer.name}`, (context) => void skipWithout(writer, context))
  }
  void describe('brokers', { concurrency: true }, () => {
    for (const { kit, broker } of running)
      void describe(kit.folder, { concurrency: 1 }, () => {
        suite(kit, world, broker, cells)
        opensStores(kit, broker, stores, stored)
      })
  })
  cells.report()
  stored.report()
}

function suite(kit: BrokerKit, world: BrokerWorld, broker: RunningBroker, cells: Cells): void {
  connects(kit, world, broker, cells)
  void describe(`messages by ${kit.folder}`, () => judges(world, broker))
  void describe(`envelopes by ${kit.folder}`, () => unseals(world, broker))
  void describe(`connections to ${kit.folder} that stay`, () => stays(kit, broker))
}

function isHere({ folder, needs }: BrokerKit): boolean {
  if (isInstalled(needs)) return true
  void test(`${folder}, on the real server`, (context) => void skipWithout(needs, context))
  return false
}

type Column = readonly [name: string, attempt: Partial<Attempt>, says?: RegExp]

/** Every mechanism of a server with a connection that works, and with each that must not. */
export function connects(
  kit: Pick<BrokerKit, 'folder'>,
  world: BrokerWorld,
  broker: Pick<RunningBroker, 'mechanisms'>,
  cells: Cells,
): void {
  const { secureSocket, strangerFile } = world
  const { key: _, ...withoutCertificate } = secureSocket
  const columns: readonly Column[] = [
    ['good credential', {}],
    ['bad credential', { credential: 'bad' }],
    ['untrusted server certificate', { secureSocket: { ...secureSocket, cert: strangerFile } }, untrusted],
    ['wrong host name', { host: '127.0.0.1' }, /does not match certificate|ERR_TLS_CERT_ALTNAME_INVALID/],
    [
      'missing client certificate',
      { secureSocket: withoutCertificate },
      /certificate.required|bad.certificate|handshake.failure|ECONNRESET|disconnected|closed|EPIPE/i,
    ],
  ]
  for (const mechanism of broker.mechanisms) {
    for (const [name, attempt, column = mechanism.refusal] of columns) {
      cells.add(kit.folder, mechanism.name, name)
      const own = attempt.secureSocket === withoutCertificate && mechanism.refusalWithoutCertificate
      const says = own || column
      void test(`${kit.folder}, ${mechanism.name}: ${name}`, async () => {
        const trying = mechanism.tries({ credential: 'good', host: 'localhost', secureSocket, ...attempt })
        if (name === 'good credential') await trying
        else await assert.rejects(trying, (error) => matches(error, says))
      })
    }
  }
}

function judges(world: BrokerWorld, broker: RunningBroker): void {
  const audience = 'orders'
  const token = async (scope: string, more = {}): Promise<string> =>
    `Bearer ${await world.issue({ audience, customClaims: { scope, ...more } })}`
  const consuming = {
    auth: [
      {
        jwtValidatorConfig: {
          issuer: tokenIssuer,
          audience,
          signatureConfig: { certFile: world.tokenKey },
        },
        scopes: 'create_order',
      },
    ],
    rows: {
      'orders.created': { scopes: 'create_order' },
      'orders.deleted': { scopes: 'delete_order' },
      'orders.seen': false,
    },
  } as const
  const anHourAgo = Math.floor(Date.now() / 1000) - 3600
  for (const [claim, row, authorization, expected] of [
    ['a token with the scope', 'orders.created', token('create_order'), 'alice'],
    ['a token without the scope', 'orders.created', token('read'), 'insufficient_scope'],
    ['the scope of another row', 'orders.deleted', token('create_order'), 'insufficient_scope'],
    ['the scope of its row', 'orders.deleted', token('delete_order'), 'alice'],
    ['no token', 'orders.created', undefined, 'missing'],
    ['a token that is none', 'orders.created', 'Bearer abc', 'invalid'],
    ['a token that has ended', 'orders.created', token('create_order', { exp: anHourAgo }), 'expired'],
    ['no token, for an open row', 'orders.seen', undefined, undefined],
  ] as const) {
    void test(`${claim}: ${expected ?? 'handled'}`, untilLost, ({ signal }) =>
      using(broker, consuming, async (consumer) => {
        const sent = await authorization
        const body = JSON.stringify({ claim })
        const forged = { trace: 'abc', 'barre-denial-code': 'forged' }
        await consumer.publish(row, body, { ...forged, ...(sent !== undefined && { authorization: sent }) })
        if (expected === 'alice' || expected === undefined) {
          const { body: handled, username } = await consumer.handled.take(signal)
          assert.deepEqual([handled, username], [body, expected])
          return
        }
        const refused = await consumer.refused.take(signal)
        const headers = lowerCase(refused.headers)
        assert.deepEqual([refused.body, codeOf(refused), headers['trace']], [body, expected, 'abc'])
        assert.equal(headers['barre-denial-entry'], expected === 'missing' ? undefined : 'auth[0]')
        assert.ok(!('authorization' in headers), 'the credential does not lie there')
      }),
    )
  }
}

function unseals(world: BrokerWorld, broker: RunningBroker): void {
  const row = 'orders.created'
  const consuming: Consuming = {
    auth: [
      {
        envelopeConfig: { issuer: tokenIssuer, signatureConfig: { certFile: world.tokenKey } },
        scopes: 'create_order',
      },
    ],
    rows: { [row]: { scopes: 'create_order' } },
  }
  const customClaims = { scope: 'create_order' }
  const identity = attachIdentity({ envelopeConfig: world.issuerConfig({ customClaims }) })
  let sealed = 0

  for (const [claim, target, change, expected] of [
    ['a message as it was signed', row, '', undefined],
    ['a body that was changed', row, 'x', 'invalid'],
    ['a message signed for another row', 'orders.deleted', '', 'invalid'],
  ] as const) {
    void test(`${claim}: ${expected ?? 'handled'}`, untilLost, ({ signal }) =>
      using(broker, consuming, async (consumer) => {
        const payload = `message ${sealed++}`
        const headers = await identity.headersFor({ target, payload })
        await consumer.publish(row, payload + change, headers)
        if (expected === undefined) assert.equal((await consumer.handled.take(signal)).username, user.name)
        else assert.equal(codeOf(await consumer.refused.take(signal)), expected)
      }),
    )
  }

  void test('a copy of a message: invalid', untilLost, ({ signal }) =>
    using(broker, consuming, async (consumer) => {
      const payload = `message ${sealed++}`
      const headers = await identity.headersFor({ target: row, payload })
      await consumer.publish(row, payload, headers)
      assert.equal((await consumer.handled.take(signal)).body, payload)
      await consumer.publish(row, payload, headers)
      assert.equal(codeOf(await consumer.refused.take(signal)), 'invalid')
    }),
  )
}

async function using(
  broker: RunningBroker,
  consuming: Consuming,
  work: (consumer: Consumer) => Promise<void>,
): Promise<void> {
  const consumer = await broker.consume(consuming)
  try {
    await work(consumer)
  } finally {
    await consumer.close()
  }
  assert.equal(await consumer.pending(), 0, 'all is acknowledged')
}

function codeOf({ headers }: Got): string | undefined {
  return lowerCase(headers)['barre-denial-code']
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
