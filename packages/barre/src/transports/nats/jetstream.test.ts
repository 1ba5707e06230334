// Against the real server: what becomes of a message is its decision.
import assert from 'node:assert/strict'
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { JetStreamManager, JsMsg } from '@nats-io/jetstream'
import { natsServer, serverTest } from '../../../../../tools/servers/index.ts'
import { withAuth, withServices } from '../../auth/index.ts'
import { guardNats } from './messages.ts'
import type { NatsGuard } from './messages.ts'
import { natsConnect } from './connect.ts'

const connect = withServices(natsConnect)
const protect = withAuth(guardNats)

/** A consumer of the subject `orders`, with a time to wait for acknowledgements that no test waits for. */
interface Stage {
  readonly guard: NatsGuard
  readonly manager: JetStreamManager
  publish(body: string): Promise<unknown>
  next(): Promise<JsMsg>
  /** How many messages the server still waits for an acknowledgement of. */
  pending(): Promise<number>
}

function stageTest(
  name: string,
  subjects: Readonly<Record<string, unknown>>,
  body: (stage: Stage) => Promise<void>,
): void {
  serverTest(name, natsServer, {}, async ({ ports }) => {
    const connection = await connect({ url: `nats://127.0.0.1:${ports['nats']}` })
    const [client, manager] = [jetstream(connection), await jetstreamManager(connection)]
    await manager.streams.add({ name: 'ORDERS', subjects: ['orders', 'refused.>'] })
    await manager.consumers.add('ORDERS', {
      durable_name: 'stock',
      filter_subject: 'orders',
      ack_policy: AckPolicy.Explicit,
      max_deliver: 3,
    })
    const consumer = await client.consumers.get('ORDERS', 'stock')
    const auth = [{ jwtValidatorConfig: { audience: 'a', signatureConfig: { secret: 's'.repeat(32) } } }]
    const guard = protect({ auth, jetstream: client, subjects })
    const stage: Stage = {
      guard,
      manager,
      publish: (text) => client.publish('orders', text),
      async next() {
        const message = await consumer.next({ expires: 10_000 })
        assert.ok(message, 'a message comes')
        return message
      },
      async pending() {
        // It reads acknowledgements in their order, and answers this one.
        await stage.publish('the last')
        await (await stage.next()).ackAck()
        return (await manager.consumers.info('ORDERS', 'stock')).num_ack_pending
      },
    }
    try {
      await body(stage)
    } finally {
      await guard.close()
      await connection.close()
    }
  })
}

const open = { orders: false }

stageTest(
  'a message whose handler fails comes again, long before its acknowledgement is missed',
  open,
  async (stage) => {
    await stage.publish('an order')
    const first = await stage.next()
    await assert.rejects(
      stage.guard.handle(first, () => Promise.reject(new Error('no room'))),
      /no room/,
    )
    const second = await stage.next()
    assert.deepEqual([second.string(), second.redelivered], ['an order', true])
    assert.equal(await stage.guard.handle(second, () => undefined), 'handled')
    assert.equal(await stage.pending(), 0)
  },
)

stageTest('a message that is refused is done with, and its copy waits in the stream', {}, async (stage) => {
  await stage.publish('an order')
  assert.equal(
    await stage.guard.handle(await stage.next(), () => assert.fail('it is not handled')),
    'refused',
  )
  const copy = await stage.manager.streams.getMessage('ORDERS', { last_by_subj: 'refused.orders' })
  assert.deepEqual([await stage.pending(), copy?.header.get('barre-denial-code')], [0, 'missing'])
})
