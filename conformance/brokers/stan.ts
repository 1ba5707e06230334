import { connect, protect } from 'barre/stan'
import { natsStreaming } from '../../tools/servers/index.ts'
import type { RestartableServer } from '../../tools/servers/index.ts'
import type { StanMessage, StanSubscription } from 'barre/stan'
import { Arrivals, insist } from './arrivals.ts'
import { Inbox } from './inbox.ts'
import type { BrokerKit, Consumer, Consuming, Flow, Got } from './kit.ts'
import type { NatsAccounts } from './nats-accounts.ts'
import { byPassword, flowName, rotateCreds, startNatsServers, watchUsers } from './nats-servers.ts'
import { user } from './world.ts'
import type { BrokerWorld } from './world.ts'

const clusterId = 'barre'

/** NATS Streaming. */
export const stan: BrokerKit = {
  folder: 'stan',
  needs: natsStreaming,
  renewsInPlace: false,
  async start(world) {
    const servers = await startNatsServers(
      world,
      'stan',
      (config, own) => natsStreaming.start({ ...config, ...own, clusterId }),
      tryOnce,
    )
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
  const connection = await connect({ ...options, clusterId })
  await connection.publish('tried', 'once')
  await connection.close()
}

async function openFlow(
  world: BrokerWorld,
  server: RestartableServer,
  accounts: NatsAccounts,
): Promise<Flow> {
  const { credsFile, issued, stop } = await rotateCreds(world, accounts, 'stan-flow.creds')
  const connection = await connect({
    url: `tls://localhost:${server.ports['nats']}`,
    auth: { credsFile },
    secureSocket: world.secureSocket,
    options: { reconnectTimeWait: 50 },
    clusterId,
    connectionName: flowName,
    clientId: 'flow',
    ackTimeout: 1,
    pingInterval: 1,
  })
  const users = watchUsers(connection.nats, server)
  const subscription = await connection.subscribe('flow', { durableName: 'flow', ackWait: 1 })
  const arrivals = new Arrivals()
  const reading = read(subscription, async (message) => {
    const copy = text(message)
    arrivals.add(Number.parseInt(copy, 10), copy, message.redelivered)
    await message.ack()
    // Nobody answers an acknowledgement; NATS answers that it has gone by.
    connection.nats.flush().then(
      () => arrivals.done(copy),
      () => undefined,
    )
  })
  return {
    arrivals,
    issued,
    ...users,
    publish: (id) => insist((attempt) => connection.publish('flow', `${id}/${attempt}`)),
    async close() {
      stop()
      await subscription.close()
      await reading
      await connection.close()
    },
  }
}

async function consume(
  { secureSocket }: BrokerWorld,
  { ports }: RestartableServer,
  { auth, rows }: Consuming,
): Promise<Consumer> {
  const connection = await connect({
    url: `tls://localhost:${ports['nats']}`,
    auth: byPassword(user.password),
    secureSocket,
    clusterId,
  })
  const guard = protect({ auth, subjects: rows, connection, timestamp: 'broker' })
  const [handled, refused] = [new Inbox<Got>(), new Inbox<Got>()]
  const waiting = new Set<string>()
  const open = async (
    subject: string,
    got: (message: StanMessage) => unknown,
  ): Promise<() => Promise<void>> => {
    const subscription = await connection.subscribe(subject)
    const reading = read(subscription, got)
    return async () => {
      await subscription.close()
      await reading
    }
  }
  const opened = Object.keys(rows).flatMap((subject) => [
    open(subject, async (message) => {
      const id = `${message.subject}:${message.sequence}`
      waiting.add(id)
      const ack = (): Promise<void> => (waiting.delete(id), message.ack())
      await guard.handle({ ...message, ack }, (_, { principal }) =>
        handled.put({ body: text(message), headers: {}, username: principal?.username }),
      )
    }),
    open(`refused.${subject}`, (message) =>
      refused.put({ body: text(message), headers: Object.fromEntries(message.headers) }),
    ),
  ])
  const closing = await Promise.all(opened)
  return {
    publish: async (row, body, headers) => void (await connection.publish(row, body, headers)),
    handled,
    refused,
    // The server tells nobody over the wire.
    pending: () => Promise.resolve(waiting.size),
    async close() {
      for (const close of closing) await close()
      await guard.close()
      await connection.close()
    },
  }
}

async function read(subscription: StanSubscription, got: (message: StanMessage) => unknown): Promise<void> {
  for await (const message of subscription) await got(message)
}

function text({ data }: StanMessage): string {
  return Buffer.from(data).toString()
}
