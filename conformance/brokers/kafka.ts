import { Admin, Consumer as PlatformaticConsumer, Producer } from '@platformatic/kafka'
import { clientOptions } from 'barre/kafka'
import { kafka as kafkaServer } from '../../tools/servers/index.ts'
import type { RestartableServer } from '../../tools/servers/index.ts'
import { Inbox } from './inbox.ts'
import { kafkaJs, platformatic } from './kafka-clients.ts'
import { flowTopic, openFlow, toGround } from './kafka-flow.ts'
import { kafkaJsTopic, openKafkaJsFlow } from './kafkajs-flow.ts'
import type { KafkaClientConfig, KafkaLibrary } from './kafka-clients.ts'
import type { BrokerKit, Consumer, Consuming, Got, Mechanism } from './kit.ts'
import { tokenIssuer, user } from './world.ts'
import type { BrokerWorld } from './world.ts'

const audience = 'kafka'

/** Kafka, by both libraries. */
export const kafka: BrokerKit = {
  folder: 'kafka',
  needs: kafkaServer,
  renewsInPlace: true,
  async start(world, tokens) {
    const server = await kafkaServer.start({
      tls: world.serverTls,
      user,
      tokens: { jwks: tokens.jwks, issuer: tokenIssuer, audience },
    })
    await createTopics(server)
    const mechanisms = [platformatic, kafkaJs].flatMap((library) => [
      withCertificate(library, server, world),
      ...(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const).map((mechanism) =>
        withSasl(
          library,
          server,
          mechanism,
          { mechanism, username: user.name, password: user.password },
          { mechanism, username: user.name, password: 'guess' },
        ),
      ),
      withSasl(
        library,
        server,
        'OAUTHBEARER',
        tokens.grant(audience, 'visitor'),
        tokens.grant('elsewhere', 'visitor'),
      ),
    ])
    let asked = 0
    return {
      mechanisms,
      async openFlows() {
        const ground = toGround(world, tokens, server)
        return Promise.all([openFlow(ground), openKafkaJsFlow(ground)])
      },
      // Each library has every other consumer.
      consume: (consuming) =>
        consume(world, server, consuming, asked++ % 2 === 0 ? platformatic : kafkaJs, asked),
      async restart() {
        await server.kill()
        await server.restart()
      },
      stop: () => server.stop(),
    }
  },
}

function withSasl(
  library: KafkaLibrary,
  { ports }: RestartableServer,
  mechanism: string,
  good: KafkaClientConfig['auth'],
  bad: KafkaClientConfig['auth'],
): Mechanism {
  return {
    name: `${mechanism} by ${library.name}`,
    // kafkajs takes the refusal of a token for an answer, and then finds its connection closed.
    refusal: /authentication failed|refused the token|no brokers in the broker pool/i,
    tries: ({ credential, host, secureSocket }) =>
      library.tries({
        bootstrapServers: `${host}:${ports['sasl']}`,
        auth: credential === 'good' ? good : bad,
        secureSocket,
      } as KafkaClientConfig),
  }
}

/** The certificate is the credential: that of another authority is not good. */
function withCertificate(
  library: KafkaLibrary,
  { ports }: RestartableServer,
  { impostor }: BrokerWorld,
): Mechanism {
  return {
    name: `SSL by ${library.name}`,
    isCertificate: true,
    refusal: /unknown.ca|certificate.unknown|bad.certificate|ECONNRESET|closed/i,
    tries: ({ credential, host, secureSocket }) =>
      library.tries({
        bootstrapServers: `${host}:${ports['ssl']}`,
        secureSocket: { ...secureSocket, ...(credential === 'bad' && { key: impostor }) },
      }),
  }
}

const topics = [flowTopic, kafkaJsTopic, 'orders.created', 'orders.deleted', 'orders.seen']

/** Over the listener for the broker's own use, which is loopback only. */
function toAdmin({ ports }: RestartableServer): Admin {
  const { options } = clientOptions({
    bootstrapServers: `127.0.0.1:${ports['internal']}`,
    securityProtocol: 'PLAINTEXT',
  })
  return new Admin({ clientId: 'admin', ...options })
}

async function createTopics(server: RestartableServer): Promise<void> {
  const admin = toAdmin(server)
  const all = [...topics, ...topics.map((topic) => `${topic}.refused`)]
  await admin.createTopics({ topics: all, partitions: 1, replicas: 1 })
  await admin.close()
}

async function consume(
  world: BrokerWorld,
  server: RestartableServer,
  consuming: Consuming,
  library: KafkaLibrary,
  count: number,
): Promise<Consumer> {
  const config = {
    bootstrapServers: `localhost:${server.ports['sasl']}`,
    auth: { username: user.name, password: user.password },
    secureSocket: world.secureSocket,
  } as KafkaClientConfig
  const [handled, refused] = [new Inbox<Got>(), new Inbox<Got>()]
  const group = `orders${count}`
  const rows = Object.keys(consuming.rows)
  const end = await library.consume(config, consuming, group, handled)
  const { options, close } = clientOptions(config)
  const producer = new Producer({ clientId: 'orders', ...options })
  const watcher = new PlatformaticConsumer({ clientId: 'watcher', groupId: `watch${count}`, ...options })
  const stream = await watcher.consume({
    topics: rows.map((row) => `${row}.refused`),
    mode: 'latest',
    maxWaitTime: 100,
  })
  const watching = (async () => {
    for await (const { value, headerEntries } of stream) {
      const headers = Object.fromEntries(headerEntries.map(([name, text]) => [String(name), String(text)]))
      refused.put({ body: String(value), headers })
    }
  })()
  return {
    async publish(row, body, headers) {
      const entries = Object.entries(headers).map(
        ([name, text]) => [Buffer.from(name), Buffer.from(text)] as const,
      )
      const message = { topic: row, value: Buffer.from(body), headers: new Map(entries) }
      await producer.send({ messages: [message], acks: -1 })
    },
    handled,
    refused,
    async pending() {
      const admin = toAdmin(server)
      const [offsets] = await admin.listConsumerGroupOffsets({ groups: [group] })
      const ends = await admin.listOffsets({
        topics: rows.map((name) => ({ name, partitions: [{ partitionIndex: 0, timestamp: -1n }] })),
      })
      await admin.close()
      const committed = new Map(
        (offsets?.topics ?? []).map(({ name, partitions }) => [name, partitions[0]?.committedOffset ?? 0n]),
      )
      return ends
        .filter(({ name }) => (committed.get(name) ?? -1n) >= 0n)
        .reduce(
          (sum, { name, partitions }) =>
            sum + Number((partitions[0]?.offset ?? 0n) - (committed.get(name) ?? 0n)),
          0,
        )
    },
    async close() {
      await end()
      await stream.close()
      await watching
      await watcher.close()
      await producer.close()
      await close()
    },
  }
}
