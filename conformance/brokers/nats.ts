import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { headers as createHeaders, nanos, nkeys } from '@nats-io/transport-node'
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import { connect, protect } from 'barre/nats'
import { natsServer } from '../../tools/servers/index.ts'
import type { RestartableServer } from '../../tools/servers/index.ts'
import { Arrivals, insist } from './arrivals.ts'
import { Inbox } from './inbox.ts'
import { createAccounts } from './nats-accounts.ts'
import type { NatsAccounts } from './nats-accounts.ts'
import type { Attempt, BrokerKit, Consumer, Consuming, Got, Mechanism, RunningBroker } from './kit.ts'
import { user } from './world.ts'
import type { BrokerWorld } from './world.ts'

type Auth = NonNullable<NatsOptions['auth']>

type NatsOptions = Parameters<typeof connect>[0]

/** NATS with JetStream. */
export const nats: BrokerKit = {
  folder: 'nats',
  needs: natsServer,
  async start(world) {
    const tls = world.serverTls
    const accounts = createAccounts()
    const key = nkeys.createUser()
    const users = `{user: ${user.name}, password: "${user.password}"}, {nkey: ${key.getPublicKey()}}`
    const [byName, byToken, byCertificate, byJwt] = await Promise.all([
      natsServer.start({ tls, lines: [`authorization { users: [${users}] }`] }),
      natsServer.start({ tls, lines: [`authorization { token: "${user.password}" }`] }),
      natsServer.start({
        tls,
        clientCertificates: 'map to users',
        lines: [`authorization { users: [{user: "${user.name}.internal"}] }`],
      }),
      natsServer.start({ tls, lines: accounts.lines }),
    ])
    const folder = dirname(tls.caFile)
    const [good, bad] = [join(folder, 'good.creds'), join(folder, 'bad.creds')]
    await writeFile(good, accounts.creds(3600))
    await writeFile(bad, accounts.forgedCreds())
    return {
      mechanisms: [
        withAuth('user and password', byName, password(user.password), password('guess')),
        withAuth('token', byToken, { token: user.password }, { token: 'guess' }),
        withAuth('NKey', byName, { nkeySeed: seedOf(key) }, { nkeySeed: seedOf(nkeys.createUser()) }),
        withAuth('JWT', byJwt, { credsFile: good }, { credsFile: bad }),
        withCertificate(world, byCertificate),
      ],
      openFlow: (seconds) => openFlow(world, byJwt, accounts, seconds, join(folder, 'flow.creds')),
      consume: (consuming) => consume(world, byName, consuming),
      async restart() {
        await byJwt.kill()
        await byJwt.restart()
      },
      async stop() {
        await Promise.all([byName, byToken, byCertificate, byJwt].map((server) => server.stop()))
      },
    }
  },
}

function password(text: string): Auth {
  return { username: user.name, password: text }
}

const refusal = /authorization violation/i

function seedOf(key: ReturnType<typeof nkeys.createUser>): string {
  return Buffer.from(key.getSeed()).toString('latin1')
}

function withAuth(name: string, server: RestartableServer, good: Auth, bad: Auth): Mechanism {
  return {
    name,
    refusal,
    tries: (attempt) => tryOnce(server, attempt, { auth: attempt.credential === 'good' ? good : bad }),
  }
}

/** The certificate is the credential. */
function withCertificate({ mallory }: BrokerWorld, server: RestartableServer): Mechanism {
  return {
    name: 'mutual TLS',
    refusal,
    tries: (attempt) =>
      tryOnce(
        server,
        attempt,
        attempt.credential === 'good' ? {} : { secureSocket: { ...attempt.secureSocket, key: mallory } },
      ),
  }
}

async function tryOnce(
  { ports }: RestartableServer,
  { host, secureSocket }: Attempt,
  more: Partial<NatsOptions>,
): Promise<void> {
  const connection = await connect({
    url: `tls://${host}:${ports['nats']}`,
    secureSocket,
    options: { reconnect: false },
    ...more,
  })
  await connection.flush()
  await connection.close()
}

async function openFlow(
  { secureSocket }: BrokerWorld,
  { ports }: RestartableServer,
  accounts: NatsAccounts,
  lifetimeSeconds: number,
  credsFile: string,
): ReturnType<RunningBroker['openFlow']> {
  const rotate = (): Promise<void> => writeFile(credsFile, accounts.creds(lifetimeSeconds))
  await rotate()
  // What an agent beside the program does.
  const rotating = setInterval(() => void rotate(), (lifetimeSeconds * 1000) / 2)
  const url = `tls://localhost:${ports['nats']}`
  const options = { reconnectTimeWait: 50 }
  const connection = await connect({ url, auth: { credsFile }, secureSocket, options })
  let shown = 1
  void (async () => {
    for await (const { type } of connection.status()) if (type === 'reconnect') shown++
  })()
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: 'FLOW', subjects: ['flow'] })
  await manager.consumers.add('FLOW', {
    durable_name: 'flow',
    ack_policy: AckPolicy.Explicit,
    // What was under way to a connection that ended is delivered again after this time.
    ack_wait: nanos(1000),
  })
  const messages = await (await jetstream(connection).consumers.get('FLOW', 'flow')).consume()
  const arrivals = new Arrivals()
  const reading = (async () => {
    for await (const message of messages) {
      arrivals.add(Number(message.string()))
      message.ack()
    }
  })()
  return {
    arrivals,
    shown: () => shown,
    // The broker knows a message that is published again by its id.
    publish: (id) =>
      insist(() => jetstream(connection).publish('flow', String(id), { msgID: String(id), timeout: 1000 })),
    async close() {
      clearInterval(rotating)
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
    auth: { username: user.name, password: user.password },
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
  const auth = { username: user.name, password: user.password }
  return connect({ url: `tls://localhost:${ports['nats']}`, auth, secureSocket })
}

function toRecord(headers: MsgHdrs | undefined): Record<string, string> {
  return Object.fromEntries([...(headers ?? [])].map(([name, values]) => [name, values.join(', ')]))
}
