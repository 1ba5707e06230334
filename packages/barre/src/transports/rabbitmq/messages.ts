import type { ConfirmChannel, ConsumeMessage, Options, Replies } from 'amqplib'
import type { Rules, Services } from '../../core/index.ts'
import { guardMessages } from '../messages/index.ts'
import type { Broker, Message, MessageContext, MessageGuard, MessageOptions } from '../messages/index.ts'
import { pause } from '../messages/index.ts'
import { publishConfirmed } from './publish-confirmed.ts'

/** Judges the messages of queues, and acknowledges those that are done with. */
export interface RabbitMqGuard extends Pick<MessageGuard<never>, 'ready' | 'close'> {
  /**
   * Consumes a queue: `handler` gets the messages that are let in. One is acknowledged when the handler is done with
   * it; what it throws puts the message back into its queue, after a second. The refusal queue is made where it is the
   * default one, `<queue>.refused`.
   */
  consume(
    channel: ConfirmChannel,
    queue: string,
    handler: (message: ConsumeMessage, context: MessageContext) => unknown,
    options?: Omit<Options.Consume, 'noAck'>,
  ): Promise<Replies.Consume>
}

/** How RabbitMQ consumers judge their messages. */
export interface RabbitMqMessageOptions<Auth = unknown> extends MessageOptions {
  /** What a queue demands, where it is not the consumers' `auth`. */
  readonly queues?: Readonly<Record<string, Auth>>
}

/** A message, and where it was consumed. */
interface Delivered {
  readonly channel: ConfirmChannel
  readonly queue: string
  readonly message: ConsumeMessage
}

/** After the name of the queue of a refused message. */
const refusedSuffix = '.refused'
/** Before a message whose handler failed is put back: it would come again at once. */
const putBackMs = 1000

export function guardRabbitMq(
  rules: Rules,
  { queues = {}, ...options }: RabbitMqMessageOptions,
  services: Pick<Services, 'now' | 'log'>,
): RabbitMqGuard {
  const guard = guardMessages(broker, rules, options, queues, services)
  const closing = new AbortController()
  const handle = async (
    delivered: Delivered,
    handler: Parameters<RabbitMqGuard['consume']>[2],
  ): Promise<void> => {
    try {
      await guard.handle(delivered, ({ message }, context) => handler(message, context))
    } catch (error) {
      services.log.error({ error, queue: delivered.queue }, 'a message was not handled; it is put back')
      await pause(putBackMs, closing.signal)
      delivered.channel.nack(delivered.message)
    }
  }
  return {
    async consume(channel, queue, handler, consumeOptions) {
      const isDefault = options.refusals === undefined && !queue.endsWith(refusedSuffix)
      if (isDefault) await channel.assertQueue(queue + refusedSuffix, { durable: true })
      const receive = (message: ConsumeMessage | null): void => {
        if (message === null) return services.log.error({ queue }, 'the broker ended the consumer of a queue')
        // On a channel that is gone nothing can be put back; the broker does that by itself.
        handle({ channel, queue, message }, handler).catch(() => undefined)
      }
      return channel.consume(queue, receive, { ...consumeOptions, noAck: false })
    },
    ready: () => guard.ready(),
    async close() {
      closing.abort(new Error('the guard of the consumer was closed'))
      await guard.close()
    },
  }
}

const broker: Broker<Delivered> = {
  rows: 'queues',
  // Its `timestamp` is the sender's.
  keepsTime: false,
  view: ({ message }) => ({
    target: toTarget(message),
    headers: headersOf(message),
    payload: message.content,
    delivery: { again: message.fields.redelivered },
  }),
  findRow: ({ queue }, rows) => rows.find((row) => row === queue),
  refusalsOf: ({ queue }) => (queue.endsWith(refusedSuffix) ? undefined : queue + refusedSuffix),
  publish({ channel, message }, destination, headers) {
    const { contentType, contentEncoding, correlationId, messageId, type, appId } = message.properties
    const kept = { contentType, contentEncoding, correlationId, messageId, type, appId }
    const plain = headers.filter(([name]) => !isForBroker(name))
    return publishConfirmed(channel, destination, message.content, {
      ...(kept as Options.Publish),
      persistent: true,
      headers: Object.fromEntries(plain),
    })
  },
  acknowledge: ({ channel, message }) => channel.ack(message),
}

/** What the sender published to: a queue by its name, or an exchange with a routing key. */
function toTarget({ fields: { exchange, routingKey } }: ConsumeMessage): string {
  return exchange === '' ? routingKey : `${exchange}/${routingKey}`
}

/** Headers that have the broker do something: `CC` would send the copy on, to any queue that we may write to. */
function isForBroker(name: string): boolean {
  return /^(b?cc$|x-)/i.test(name)
}

function headersOf({ properties }: ConsumeMessage): Message['headers'] {
  const headers: Readonly<Record<string, unknown>> = properties.headers ?? {}
  return Object.entries(headers).map(([name, value]) => [name, toText(value)] as const)
}

/** A header that is there but is no text is an empty one: a list of credentials must not pass for none. */
function toText(value: unknown): string {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : ''
}
