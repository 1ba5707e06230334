import { Kafka, logLevel } from 'kafkajs'
import { clientOptions } from 'barre/kafkajs'
import { Arrivals, insist } from './arrivals.ts'
import type { FlowGround } from './kafka-flow.ts'
import type { Flow } from './kit.ts'

export const kafkaJsTopic = 'flow.kafkajs'

/** A flow by OAUTHBEARER with kafkajs, whose consumer begins anew by itself. */
export async function openKafkaJsFlow({ server, auth, secureSocket, told }: FlowGround): Promise<Flow> {
  const { options, close } = await clientOptions({
    bootstrapServers: `localhost:${server.ports['sasl']}`,
    auth,
    secureSocket,
  })
  const kafka = new Kafka({
    clientId: 'flow',
    ...options,
    logLevel: logLevel.NOTHING,
    requestTimeout: 2000,
    connectionTimeout: 2000,
    // What is left of a session when it authenticates again; by default more than these tokens live.
    reauthenticationThreshold: 1000,
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 1 },
  } as ConstructorParameters<typeof Kafka>[0])
  // Without attempts of its own, which nobody could count.
  const producer = kafka.producer({ retry: { retries: 0 } })
  await producer.connect()
  const consumer = kafka.consumer({
    groupId: 'flow.kafkajs',
    maxWaitTimeInMs: 100,
    sessionTimeout: 3000,
    heartbeatInterval: 500,
  })
  let lost = 0
  consumer.on('consumer.crash', () => lost++)
  await consumer.connect()
  await consumer.subscribe({ topics: [kafkaJsTopic], fromBeginning: true })
  const arrivals = new Arrivals()
  await consumer.run({
    autoCommit: false,
    async eachMessage({ topic, partition, message }) {
      const copy = String(message.key)
      arrivals.add(Number(String(message.value)), copy, lost > 0)
      await consumer.commitOffsets([{ topic, partition, offset: `${BigInt(message.offset) + 1n}` }])
      arrivals.done(copy)
    },
  })
  return {
    arrivals,
    ...told,
    lost: () => lost,
    publish: (id) =>
      insist((attempt) => {
        const messages = [{ key: `${id}/${attempt}`, value: `${id}` }]
        return producer.send({ topic: kafkaJsTopic, messages, acks: -1, timeout: 2000 })
      }),
    async close() {
      await consumer.disconnect()
      await producer.disconnect()
      await close()
    },
  }
}
