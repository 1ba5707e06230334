import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { headers as createHeaders, nanos } from '@nats-io/transport-node'
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import { connect, protect } from 'barre/nats'
import { natsServer } from '../../tools/servers/index.ts'
import type { RestartableServer } from '../../tools/servers/index.ts'
import { Arrivals, insist } from './arrivals.ts'
import { Inbox } from './inbox.ts'
import type { NatsAccounts } from './nats-accounts.ts'
import { byPassword, flowName, rotateCreds, startNatsServers, watchUsers } from './nats-servers.ts'
import type { BrokerKit, Consumer, Consuming, Flow, Got } from './kit.ts'
import { user } from './world.ts'
import type { BrokerWorld } from './world.ts'

/** NATS with JetStream. */
export const nats: BrokerKit = {
  folder: 'nats',
  needs: natsServer,
  renewsInPlace: false,
  async start(world) {
    const servers = await startNatsServers(world, 'nats', (config) => natsServer.start(config), tryOnce)
    const { mechanisms, byName, byJwt, accounts } = servers
    return {
      mechanisms,
      openFlows: async () => [await openFlow(world, byJwt, accounts)],
      consume: (consuming) => consume(world, byName, consuming),
      async restart() {
        await byJwt.kill()
        await byJwt.restart()
      },
      stop: () => servers.stop(),
    }
  },
}

async function tryOnce(options: Parameters<typeof connect>[0]): Promise<void> {
  const connection = await connect(options)
  await connection.flush()
  await connection.close()
}

async function openFlow(
  world: BrokerWorld,
  server: RestartableServer,
  accounts: NatsAccounts,
): Promise<Flow> {
  const { credsFile, issued, stop } = await rotateCreds(world, accounts, 'nats-flow.creds')
  const { secureSocket } = world
  const connection = await connect({
    url: `tls://localhost:${server.ports['nats']}`,
    auth: { credsFile },
    secureSocket,
    connectionName: flowName,
    options: { reconnectTimeWait: 50 },
  })
  const users = watchUsers(connection, server)
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: 'FLOW', subjects: ['flow'] })
  await manager.consumers.add('FLOW', {
    durable_name: 'flow',
    ack_policy: AckPolicy.Explicit,
    // What was under way to a connection that ended is delivered again after this time.
    ack_wait: nanos(2000),
  })
  const messages = await (await jetstream(connection).consumers.get('FLOW', 'flow')).consume()
  const arrivals = new Arrivals()
  const reading = (async () => {
    for await (const message of messages) {
      const copy = message.string()
      arrivals.add(Number(copy), copy, message.redelivered)
      // Rejects where the connection ends before the answer comes: the message then comes again.
      message.ackAck().then(
        () => arrivals.done(copy),
        () => undefined,
      )
    }
  })()
  return {
    arrivals,
    issued,
    ...users,
    // The broker knows a message that is published again by its id.
    publish: (id) =>
      insist(() => jetstream(connection).publish('flow', String(id), { msgID: String(id), timeout: 1000 })),
    async close() {
      stop()
      await messages.close()
      await reading
      await connection.close()
    },
  }
}

let consumers = 0

async function consume(
  { secureSocket }: BrokerWorld,
  { ports }: RestartableServer,
  { auth, rows }: Consuming,
): Promise<Consumer> {
  const connection = await connect({
    url: `tls://localhost:${ports['nats']}`,
    auth: byPassword(user.password),
    secureSocket,
  })
  const name = `consumer${consumers++}`
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: 'ORDERS', subjects: ['orders.*', 'refused.>'] })
  await manager.consumers.add('ORDERS', {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.New,
    filter_subject: 'orders.*',
  })
  const client = jetstream(connection)
  const guard = protect({ auth, subjects: rows, jetstream: client, timestamp: 'broker' })
  const messages = await (await client.consumers.get('ORDERS', name)).consume()
  const [handled, refused] = [new Inbox<Got>(), new Inbox<Got>()]
  const reading = (async () => {
    for await (const message of messages) {
      await guard.handle(message, (_, { principal }) =>
        handled.put({ body: message.string(), headers: {}, username: principal?.username }),
      )
    }
  })()
  const refusals = connection.subscribe('refused.>', {
    callback: (_, message) => refused.put({ body: message.string(), headers: toRecord(message.headers) }),
  })
  await connection.flush()
  return {
    async publish(row, body, headers) {
      const sent = createHeaders()
      for (const [header, value] of Object.entries(headers)) sent.append(header, value)
      await client.publish(row, body, { headers: sent })
    },
    handled,
    refused,
    async pending() {
      const ask = await toManager(secureSocket, ports)
      const { num_ack_pending: count } = await (await jetstreamManager(ask)).consumers.info('ORDERS', name)
      await ask.close()
      return count
    },
    async close() {
      refusals.unsubscribe()
      await messages.close()
      await reading
      await guard.close()
      await connection.flush()
      await connection.close()
    },
  }
}

function toManager(
  secureSocket: BrokerWorld['secureSocket'],
  ports: RestartableServer['ports'],
): Promise<NatsConnection> {
  const auth = byPassword(user.password)
  return connect({ url: `tls://localhost:${ports['nats']}`, auth, secureSocket })
}

function toRecord(headers: MsgHdrs | undefined): Record<string, string> {
  return Object.fromEntries([...(headers ?? [])].map(([name, values]) => [name, values.join(', ')]))
}
