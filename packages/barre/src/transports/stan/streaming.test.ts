// Against the real server: what it forgets, and what it keeps, is its decision.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { natsStreaming, skipWithout } from '../../../../../tools/servers/index.ts'
import type { RestartableServer } from '../../../../../tools/servers/index.ts'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import { withServices } from '../../auth/index.ts'
import { stanConnect } from './connect.ts'
import type { StanConnection } from './connect.ts'
import type { StanConfig, StartPosition } from './config.ts'
import * as protocol from './protocol.ts'
import { ask } from './request.ts'
import type { StanMessage, StanSubscription } from './subscription.ts'

const connect = withServices(stanConnect)
const ca = await createTestCa()
after(() => ca.remove())
const clusterId = 'barre'

/** A server, and clients of it. */
interface Stage {
  readonly server: RestartableServer
  readonly open: (more?: Partial<StanConfig>) => Promise<Client>
}

interface Client {
  readonly stan: StanConnection
  /** What the client has warned of. */
  readonly warned: readonly string[]
}

const users = '{user: alice, password: "word"}, {user: own, password: "own-password"}'

function stageTest(name: string, body: (stage: Stage) => Promise<void>, more: readonly string[] = []): void {
  void test(name, { timeout: 60_000 }, async (context) => {
    if (skipWithout(natsStreaming, context)) return
    const server = await natsStreaming.start({
      tls: { ...ca.server, caFile: ca.caFile },
      lines: [`authorization { users: [${users}] }`],
      own: ['username: own', 'password: own-password', ...more],
      clusterId,
      store: 'memory',
    })
    const opened: StanConnection[] = []
    try {
      await body({
        server,
        async open(config) {
          const client = await openClient(server, config)
          opened.push(client.stan)
          return client
        },
      })
    } finally {
      await Promise.all(opened.map((stan) => stan.close()))
      await server.stop()
    }
  })
}

function ignore(): void {}

async function openClient({ ports }: RestartableServer, more: Partial<StanConfig> = {}): Promise<Client> {
  const warned: string[] = []
  const warn = (_: object, warning: string): void => void warned.push(warning)
  const stan = await connect({
    url: `tls://localhost:${ports['nats']}`,
    auth: { username: 'alice', password: 'word' },
    secureSocket: { cert: ca.caFile, key: ca.client },
    options: { reconnectTimeWait: 50 },
    clusterId,
    ackTimeout: 1,
    connectionTimeout: 1,
    pingInterval: 1,
    services: { log: { debug: ignore, info: ignore, error: ignore, warn } },
    ...more,
  })
  return { stan, warned }
}

/** Takes messages one by one. */
function taking(subscription: StanSubscription): () => Promise<StanMessage> {
  const messages = subscription[Symbol.asyncIterator]()
  return async () => (await messages.next()).value as StanMessage
}

const text = ({ data }: StanMessage): string => Buffer.from(data).toString()

/** Publishes until the server has it: what a program does whose session may be gone. */
async function insist(stan: StanConnection, subject: string, body: string): Promise<void> {
  while (!(await stan.publish(subject, body).catch(() => false))) await delay(50)
}

void describe('a subscription', () => {
  const positions: readonly (readonly [StartPosition | undefined, readonly string[]])[] = [
    ['first', ['one', 'two', 'three', 'four']],
    [{ sequence: 2 }, ['two', 'three', 'four']],
    ['last', ['three', 'four']],
    [{ secondsAgo: 3600 }, ['one', 'two', 'three', 'four']],
    ['new', ['four']],
    [undefined, ['four']],
  ]

  stageTest('begins where it says', async ({ open }) => {
    const { stan } = await open()
    for (const body of ['one', 'two', 'three']) await stan.publish('orders', body)
    const subscribed = positions.map(async ([startPosition, expected]) => {
      const options = startPosition === undefined ? {} : { startPosition }
      return { next: taking(await stan.subscribe('orders', options)), expected }
    })
    const readers = await Promise.all(subscribed)
    await stan.publish('orders', 'four')
    for (const { next, expected } of readers) {
      for (const body of expected) assert.equal(text(await next()), body)
    }
  })

  stageTest(
    'shares messages with the others of its group, each of which gets another one',
    async ({ open }) => {
      const { stan } = await open()
      const { stan: other } = await open()
      // As many may wait for their acknowledgement, so nobody gets more.
      const options = { queueGroup: 'workers', maxInFlight: 5 }
      const [next, nextOther] = [
        taking(await stan.subscribe('orders', options)),
        taking(await other.subscribe('orders', options)),
      ]
      for (let count = 0; count < 10; count++) await stan.publish('orders', `${count}`)
      const got: StanMessage[] = []
      for (let count = 0; count < 5; count++) got.push(await next(), await nextOther())
      assert.deepEqual(got.map(text).toSorted(), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    },
  )

  stageTest('of a durable group goes on where the group was when all were gone', async ({ open }) => {
    const { stan } = await open()
    const options = { queueGroup: 'workers', durableName: 'kept', maxInFlight: 1 } as const
    const first = await stan.subscribe('orders', options)
    const next = taking(first)
    for (const body of ['one', 'two']) await stan.publish('orders', body)
    await (await next()).ack()
    // That this one comes says that the acknowledgement has come.
    assert.equal(text(await next()), 'two')
    await first.close()
    await stan.publish('orders', 'three')
    const { stan: later } = await open()
    const nextLater = taking(await later.subscribe('orders', options))
    const second = await nextLater()
    assert.deepEqual([text(second), second.redelivered], ['two', true])
    await second.ack()
    assert.equal(text(await nextLater()), 'three')
  })
})

void describe('a session that the server has lost is opened again', () => {
  const lost = 'NATS Streaming has lost our session'

  stageTest(
    'with its place in a durable subscription, where it was closed behind our back',
    async ({ open }) => {
      const { stan, warned } = await open({ clientId: 'stock' })
      const next = taking(await stan.subscribe('orders', { durableName: 'kept', maxInFlight: 1 }))
      await stan.publish('orders', 'one')
      await stan.publish('orders', 'two')
      await (await next()).ack()
      await (await next()).ack()
      await close(stan, 'stock')
      await insist(stan, 'orders', 'three')
      assert.equal(text(await next()), 'three')
      assert.ok(warned.includes(lost))
    },
  )

  const impatient = ['hb_interval: "300ms"', 'hb_timeout: "200ms"', 'hb_fail_count: 1']

  stageTest(
    'where our program hung and did not answer',
    async ({ open }) => {
      const { stan, warned } = await open()
      const next = taking(await stan.subscribe('orders', { durableName: 'kept' }))
      hang(1500)
      await insist(stan, 'orders', 'one')
      assert.equal(text(await next()), 'one')
      assert.ok(warned.includes(lost))
    },
    impatient,
  )

  stageTest('where the server has crashed and remembers nothing', async ({ open, server }) => {
    const { stan } = await open()
    const next = taking(await stan.subscribe('orders', { startPosition: 'first', ackWait: 1 }))
    await stan.publish('orders', 'before')
    const before = await next()
    await server.kill()
    await server.restart()
    await insist(stan, 'orders', 'after')
    const afterwards = await next()
    assert.deepEqual([text(afterwards), afterwards.sequence], ['after', before.sequence])
    // A late acknowledgement is not taken for that of the message which has the same number now.
    await before.ack()
    const again = await next()
    assert.deepEqual([text(again), again.redelivered], ['after', true])
  })
})

stageTest('a name that another session has is refused while that lives', async ({ open }) => {
  await open({ clientId: 'stock' })
  await assert.rejects(open({ clientId: 'stock' }), { name: 'StanError' })
})

/** Says to the server, in its name, that a client closes. */
async function close({ nats }: StanConnection, clientId: string): Promise<void> {
  const timeout = 5000
  const opening = { asks: protocol.connectRequest, answers: protocol.connectResponse, timeout }
  const heartbeatInbox = nats
    .subscribe('heart', { callback: (_, message) => void message.respond() })
    .getSubject()
  const question = {
    clientId: 'stranger',
    heartbeatInbox,
    protocol: 1,
    connectionId: Buffer.from('stranger'),
  }
  const subjects = await ask(nats, `_STAN.discover.${clusterId}`, question, opening)
  const closing = { asks: protocol.closeRequest, answers: protocol.closeResponse, timeout }
  await ask(nats, subjects.close, { clientId }, closing)
}

/** Does nothing, and answers nobody. */
function hang(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
