import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib'
import { connect, protect } from 'barre/rabbitmq'
import { rabbitMq } from '../../tools/servers/index.ts'
import type { RestartableServer } from '../../tools/servers/index.ts'
import { Arrivals, insist } from './arrivals.ts'
import { Inbox } from './inbox.ts'
import type { BrokerKit, Consumer, Consuming, Got, Mechanism, RunningBroker } from './kit.ts'
import { user } from './world.ts'
import type { BrokerWorld } from './world.ts'

type RabbitMqOptions = Parameters<typeof connect>[0]

/** RabbitMQ. */
export const rabbitmq: BrokerKit = {
  folder: 'rabbitmq',
  needs: rabbitMq,
  async start(world) {
    const tokenKey = world.tokenKey.export({ format: 'pem', type: 'spki' }).toString()
    const server = await rabbitMq.start({ tls: world.serverTls, user, tokenKey })
    const { mallory } = world
    return {
      mechanisms: [
        toMechanism('PLAIN', server, password(user.password), password('guess')),
        toMechanism(
          'OAuth2',
          server,
          { auth: { token: await world.issue(rights) } },
          { auth: { token: await world.issue({ ...rights, audience: 'elsewhere' }) } },
        ),
        toMechanism('EXTERNAL', server, {}, { secureSocket: { ...world.secureSocket, key: mallory } }),
      ],
      openFlow: (seconds) => openFlow(world, server, seconds),
      consume: (consuming) => consume(world, server, consuming),
      async restart() {
        await server.kill()
        await server.restart()
      },
      stop: () => server.stop(),
    }
  },
}

function password(text: string): Partial<RabbitMqOptions> {
  return { auth: { username: user.name, password: text } }
}

const rights = {
  audience: 'rabbitmq',
  customClaims: { scope: 'rabbitmq.configure:*/* rabbitmq.read:*/* rabbitmq.write:*/*' },
}

function toMechanism(
  name: string,
  { ports }: RestartableServer,
  good: Partial<RabbitMqOptions>,
  bad: Partial<RabbitMqOptions>,
): Mechanism {
  return {
    name,
    refusal: /ACCESS[-_]REFUSED/,
    ...(name === 'EXTERNAL' && { refusalWithoutCertificate: /^auth: required, unless the certificate/ }),
    async tries({ credential, host, secureSocket }) {
      const connection = await connect({
        url: `amqps://${host}:${ports['amqps']}`,
        secureSocket,
        ...(credential === 'good' ? good : bad),
      })
      try {
        await (await connection.createChannel()).assertQueue('tried')
      } finally {
        await connection.close()
      }
    },
  }
}

async function openFlow(
  world: BrokerWorld,
  { ports }: RestartableServer,
  lifetimeSeconds: number,
): ReturnType<RunningBroker['openFlow']> {
  const arrivals = new Arrivals()
  let channel: ConfirmChannel | undefined
  let shown = 0
  const setup = async (model: ChannelModel): Promise<void> => {
    shown++
    const opened = await model.createConfirmChannel()
    opened.on('error', () => undefined)
    await opened.assertQueue('flow', { durable: true })
    await opened.consume('flow', (message) => {
      if (message === null) return
      arrivals.add(Number(message.content.toString()))
      opened.ack(message)
    })
    channel = opened
  }
  const connection = await connect({
    url: `amqps://localhost:${ports['amqps']}`,
    auth: world.issuerConfig({ ...rights, expTime: lifetimeSeconds }),
    secureSocket: world.secureSocket,
    recovery: { maxDelay: 500, setup },
  })
  connection.on('update-secret-ok', () => shown++)
  return {
    arrivals,
    shown: () => shown,
    publish: (id) => insist(() => publish(channel, 'flow', String(id))),
    close: () => connection.close(),
  }
}

function publish(
  channel: ConfirmChannel | undefined,
  queue: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (channel === undefined) return Promise.reject(new Error('there is no channel'))
  const options = { persistent: true, headers: { ...headers } }
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the channel ended'))
    channel.once('close', ended)
    channel.sendToQueue(queue, Buffer.from(body), options, (error: unknown) => {
      channel.removeListener('close', ended)
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}

async function consume(
  { secureSocket }: BrokerWorld,
  { ports }: RestartableServer,
  { auth, rows }: Consuming,
): Promise<Consumer> {
  const open = (): ReturnType<typeof connect> =>
    connect({
      url: `amqps://localhost:${ports['amqps']}`,
      auth: { username: user.name, password: user.password },
      secureSocket,
    })
  const connection = await open()
  const channel = await connection.createConfirmChannel()
  const guard = protect({ auth, queues: rows })
  const [handled, refused] = [new Inbox<Got>(), new Inbox<Got>()]
  for (const queue of Object.keys(rows)) {
    await channel.assertQueue(queue)
    await guard.consume(channel, queue, ({ content }, { principal }) =>
      handled.put({ body: content.toString(), headers: {}, username: principal?.username }),
    )
    await collect(channel, `${queue}.refused`, refused)
  }
  return {
    publish: (row, body, headers) => publish(channel, row, body, headers),
    handled,
    refused,
    async pending() {
      const asking = await open()
      const asked = await asking.createChannel()
      const counts = await Promise.all(Object.keys(rows).map((queue) => asked.checkQueue(queue)))
      await asking.close()
      return counts.reduce((sum, { messageCount }) => sum + messageCount, 0)
    },
    async close() {
      await guard.close()
      // By itself: the end of the connection may overtake what its channels have to say.
      await channel.close()
      await connection.close()
    },
  }
}

async function collect(channel: Channel, queue: string, refused: Inbox<Got>): Promise<void> {
  await channel.consume(
    queue,
    (message) => {
      if (message === null) return
      const headers = message.properties.headers as Record<string, string>
      refused.put({ body: message.content.toString(), headers })
    },
    { noAck: true },
  )
}
