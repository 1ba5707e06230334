import type { Rules, Services } from '../../core/index.ts'
import { guardMessages } from '../messages/index.ts'
import type { Broker, Headers, Message, MessageGuard, MessageOptions } from '../messages/index.ts'

/** A message as a stream of `@platformatic/kafka` gives it, consumed with `autocommit: false`. */
export interface PlatformaticMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: bigint
  readonly key: unknown
  readonly value: unknown
  /** Every header, a repeated one as often as it came. */
  readonly headerEntries: readonly (readonly [name: unknown, value: unknown])[]
  commit(): void | Promise<void>
}

/** Where refused messages are published to: a `Producer` of `@platformatic/kafka` without serializers. */
export interface PlatformaticProducer {
  send(options: {
    messages: { topic: string; key?: Buffer; value: Buffer; headers: Map<Buffer, Buffer> }[]
    acks: number
  }): Promise<unknown>
}

/** What `eachMessage` of `kafkajs` gets; the library commits when its promise resolves. */
export interface KafkaJsMessage {
  readonly topic: string
  readonly partition: number
  readonly message: {
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly timestamp: string
    readonly offset: string
    readonly headers?: Readonly<Record<string, HeaderValue | HeaderValue[] | undefined>>
  }
  heartbeat(): Promise<void>
}

type HeaderValue = Buffer | string

/** Where refused messages are published to: a producer of `kafkajs`. */
export interface KafkaJsProducer {
  send(record: {
    topic: string
    messages: { key?: Buffer | null; value: Buffer | null; headers: Record<string, string[]> }[]
    acks: number
  }): Promise<unknown>
}

/** After the name of the topic of a refused message. */
const refusedSuffix = '.refused'
/** Confirmed by every replica in sync. */
const byAll = -1

export type PlatformaticGuard = MessageGuard<PlatformaticMessage>
export type KafkaJsGuard = MessageGuard<KafkaJsMessage>

/** How a Kafka consumer judges its messages. */
export interface KafkaMessageOptions<Producer, Auth = unknown> extends MessageOptions {
  /** Publishes refused messages. */
  readonly producer: Producer
  /** What a topic demands, where it is not the consumer's `auth`. */
  readonly topics?: Readonly<Record<string, Auth>>
}

type Needed = Pick<Services, 'now' | 'log'>

/** The guard of a consumer with `@platformatic/kafka`. */
export function guardPlatformatic(
  rules: Rules,
  { producer, topics = {}, ...options }: KafkaMessageOptions<PlatformaticProducer>,
  services: Needed,
): MessageGuard<PlatformaticMessage> {
  const broker: Broker<PlatformaticMessage> = {
    ...ofKafka((message) => message.topic),
    view: (message) => ({
      target: message.topic,
      headers: message.headerEntries.map(([name, value]) => [toText(name), toText(value)] as const),
      payload: toBytes(message.value),
      ...place(message.topic, message.partition, message.offset, message.timestamp),
    }),
    async publish({ key, value }, topic, headers) {
      const copied = new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)]))
      const kept = key === null || key === undefined ? {} : { key: toBytes(key) }
      await producer.send({
        messages: [{ topic, ...kept, value: toBytes(value), headers: copied }],
        acks: byAll,
      })
    },
    acknowledge: (message) => message.commit(),
  }
  return guardMessages(broker, rules, options, topics, services)
}

/** The guard of a consumer with `kafkajs`. */
export function guardKafkaJs(
  rules: Rules,
  { producer, topics = {}, ...options }: KafkaMessageOptions<KafkaJsProducer>,
  services: Needed,
): MessageGuard<KafkaJsMessage> {
  const broker: Broker<KafkaJsMessage> = {
    ...ofKafka(({ topic }) => topic),
    view: ({ topic, partition, message }) => ({
      target: topic,
      headers: Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
        [value ?? []].flat().map((one): [string, string] => [name, toText(one)]),
      ),
      payload: message.value ?? Buffer.alloc(0),
      ...place(topic, partition, message.offset, message.timestamp),
    }),
    async publish({ message: { key, value } }, topic, headers) {
      await producer.send({ topic, messages: [{ key, value, headers: toLists(headers) }], acks: byAll })
    },
    // The library does.
    acknowledge: () => undefined,
    // A heartbeat that fails fails the next request of the library too, which then says so.
    keepWaiting: (message) => void message.heartbeat().catch(() => undefined),
  }
  return guardMessages(broker, rules, options, topics, services)
}

function ofKafka<Native>(
  topicOf: (native: Native) => string,
): Pick<Broker<Native>, 'rows' | 'keepsTime' | 'findRow' | 'refusalsOf'> {
  return {
    rows: 'topics',
    // Where the topic says message.timestamp.type=LogAppendTime; else it is the sender's, and not to be trusted.
    keepsTime: true,
    findRow: (native, rows) => rows.find((row) => row === topicOf(native)),
    refusalsOf: (native) =>
      topicOf(native).endsWith(refusedSuffix) ? undefined : topicOf(native) + refusedSuffix,
  }
}

function place(
  topic: string,
  partition: number,
  offset: bigint | string,
  timestamp: bigint | string,
): Pick<Message, 'delivery' | 'receivedAtMs'> {
  // Kafka does not say whether it delivered a message before, but a copy has an offset of its own.
  return {
    delivery: { id: `${topic}/${partition}/${offset}`, again: false },
    receivedAtMs: Number(timestamp),
  }
}

function toLists(headers: Headers): Record<string, string[]> {
  const lists: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  for (const [name, value] of headers) (lists[name] ??= []).push(value)
  return lists
}

function toText(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : typeof value === 'string' ? value : ''
}

function toBytes(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (value === null || value === undefined) return Buffer.alloc(0)
  throw new TypeError('the guard reads messages as they came: consume them without deserializers')
}
