import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib'
import { connect, protect } from 'barre/rabbitmq'
import { rabbitMq } from '../../tools/servers/index.ts'
import type { RestartableServer } from '../../tools/servers/index.ts'
import { Arrivals, insist } from './arrivals.ts'
import { Inbox } from './inbox.ts'
import type { Jwks } from 'barre/jose'
import type { BrokerKit, Consumer, Consuming, Flow, Got, Mechanism } from './kit.ts'
import type { TokenService } from './token-service.ts'
import { user } from './world.ts'
import type { BrokerWorld } from './world.ts'

type RabbitMqOptions = Parameters<typeof connect>[0]

/** RabbitMQ. */
export const rabbitmq: BrokerKit = {
  folder: 'rabbitmq',
  needs: rabbitMq,
  renewsInPlace: true,
  async start(world, tokens) {
    const server = await rabbitMq.start({ tls: world.serverTls, user, ...toKey(tokens.jwks) })
    const { mallory } = world
    return {
      mechanisms: [
        toMechanism('PLAIN', server, password(user.password), password('guess')),
        toMechanism(
          'OAuth2',
          server,
          { auth: tokens.grant(audience, 'visitor') },
          { auth: tokens.grant('elsewhere', 'visitor') },
        ),
        toMechanism('EXTERNAL', server, {}, { secureSocket: { ...world.secureSocket, key: mallory } }),
      ],
      openFlows: async () => [await openFlow(world, tokens, server)],
      consume: (consuming) => consume(world, server, consuming),
      async restart() {
        await server.kill()
        await server.restart()
      },
      stop: () => server.stop(),
    }
  },
}

/** The service has one key. */
function toKey({ keys: [jwk] }: Jwks): { readonly tokenKey: string; readonly tokenKeyId: string } {
  assert.ok(jwk?.kid)
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return { tokenKey: key.export({ format: 'pem', type: 'spki' }).toString(), tokenKeyId: jwk.kid }
}

function password(text: string): Partial<RabbitMqOptions> {
  return { auth: { username: user.name, password: text } }
}

const audience = 'rabbitmq'

function toMechanism(
  name: string,
  { ports }: RestartableServer,
  good: Partial<RabbitMqOptions>,
  bad: Partial<RabbitMqOptions>,
): Mechanism {
  return {
    name,
    refusal: /ACCESS[-_]REFUSED/,
    ...(name === 'EXTERNAL' && {
      isCertificate: true,
      refusalWithoutCertificate: /^auth: required, unless the certificate/,
    }),
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
  tokens: TokenService,
  { ports, printed }: RestartableServer,
): Promise<Flow> {
  const arrivals = new Arrivals()
  let channel: ConfirmChannel | undefined
  let connections = 0
  const setup = async (model: ChannelModel): Promise<void> => {
    connections++
    const opened = await model.createConfirmChannel()
    opened.on('error', () => undefined)
    await opened.assertQueue('flow', { durable: true })
    const take = async ({ content, fields, properties }: ConsumeMessage): Promise<void> => {
      const copy = String(properties.messageId)
      arrivals.add(Number(content.toString()), copy, fields.redelivered)
      opened.ack({ content, fields, properties })
      // Nobody answers an acknowledgement; this is answered after it.
      await opened.checkQueue('flow')
      arrivals.done(copy)
    }
    await opened.consume('flow', (message) => {
      // A channel that has ended in between does not answer: its message comes again.
      if (message !== null) take(message).catch(() => undefined)
    })
    channel = opened
  }
  const connection = await connect({
    url: `amqps://localhost:${ports['amqps']}`,
    auth: tokens.grant(audience),
    secureSocket: world.secureSocket,
    recovery: { maxDelay: 500, setup },
  })
  const told = printed().length
  return {
    arrivals,
    issued: () => tokens.issuedTo(audience),
    async taken() {
      const replaced = printed()
        .slice(told)
        .matchAll(/updated secret, reason: renewed/g)
      return connections + [...replaced].length
    },
    lost: () => connections - 1,
    publish: (id) =>
      insist((attempt) => publish(channel, 'flow', `${id}`, { messageId: `${id}/${attempt}` })),
    close: () => connection.close(),
  }
}

/** Rejects when the channel ends: the library then tells whoever waits. */
function publish(
  channel: ConfirmChannel | undefined,
  queue: string,
  body: string,
  options: Options.Publish,
): Promise<void> {
  if (channel === undefined) return Promise.reject(new Error('there is no channel'))
  return new Promise((resolve, reject) => {
    channel.sendToQueue(queue, Buffer.from(body), { persistent: true, ...options }, (error: unknown) => {
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
    publish: (row, body, headers) => publish(channel, row, body, { headers: { ...headers } }),
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
