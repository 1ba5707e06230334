import { Admin, Consumer as PlatformaticConsumer, Producer } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { clientOptions, protect } from 'barre/kafka'
import { clientOptions as kafkaJsOptions, protect as protectKafkaJs } from 'barre/kafkajs'
import type { Consuming, Got } from './kit.ts'
import type { Inbox } from './inbox.ts'

export type KafkaClientConfig = Parameters<typeof clientOptions>[0]

/** What a library does for the suite. */
export interface KafkaLibrary {
  readonly name: string
  /** Connects and asks for the topics. */
  tries(config: KafkaClientConfig): Promise<void>
  /** Starts a guarded consumer; gives how to end it. */
  consume(
    config: KafkaClientConfig,
    consuming: Consuming,
    group: string,
    handled: Inbox<Got>,
  ): Promise<() => Promise<void>>
}

export const platformatic: KafkaLibrary = {
  name: '@platformatic/kafka',
  async tries(config) {
    const { options, close } = clientOptions(config)
    const admin = new Admin({ clientId: 'tries', ...options, retries: 0, connectTimeout: 4000 })
    try {
      await admin.listTopics()
    } finally {
      await admin.close()
      await close()
    }
  },
  async consume(config, { auth, rows }, group, handled) {
    const { options, close } = clientOptions(config)
    const producer = new Producer({ clientId: group, ...options, autocreateTopics: true })
    const guard = protect({ auth, topics: rows, producer })
    const consumer = new PlatformaticConsumer({
      clientId: group,
      groupId: group,
      ...options,
      autocommit: false,
    })
    const stream = await consumer.consume({ topics: Object.keys(rows), mode: 'latest', maxWaitTime: 100 })
    const reading = (async () => {
      for await (const message of stream) {
        await guard.handle(message, (_, { principal }) =>
          handled.put(toGot(message.value, principal?.username)),
        )
      }
    })()
    return async () => {
      await guard.close()
      await stream.close()
      await reading
      await consumer.close()
      await producer.close()
      await close()
    }
  },
}

export const kafkaJs: KafkaLibrary = {
  name: 'kafkajs',
  async tries(config) {
    const { options, close } = await kafkaJsOptions(config)
    const admin = toKafka(options).admin()
    try {
      await admin.connect()
      await admin.listTopics()
    } finally {
      await admin.disconnect()
      await close()
    }
  },
  async consume(config, { auth, rows }, group, handled) {
    const { options, close } = await kafkaJsOptions(config)
    const kafka = toKafka(options)
    const producer = kafka.producer({ allowAutoTopicCreation: true })
    await producer.connect()
    const guard = protectKafkaJs({ auth, topics: rows, producer })
    const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topics: Object.keys(rows) })
    const joined = new Promise((resolve) => consumer.on('consumer.group_join', resolve))
    await consumer.run({
      eachMessage: async (native) => {
        await guard.handle(native, (_, { principal }) =>
          handled.put(toGot(native.message.value, principal?.username)),
        )
      },
    })
    await joined
    return async () => {
      await guard.close()
      await consumer.disconnect()
      await producer.disconnect()
      await close()
    }
  },
}

function toKafka(options: Awaited<ReturnType<typeof kafkaJsOptions>>['options']): Kafka {
  return new Kafka({
    clientId: 'kafkajs',
    ...options,
    logLevel: logLevel.NOTHING,
    retry: { retries: 1, initialRetryTime: 50 },
  } as ConstructorParameters<typeof Kafka>[0])
}

function toGot(value: Buffer | null | undefined, username: string | undefined): Got {
  return { body: String(value), headers: {}, username }
}
