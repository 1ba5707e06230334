import { headers as createHeaders } from '@nats-io/transport-node'
import type { JetStreamClient, JsMsg } from '@nats-io/jetstream'
import type { Msg } from '@nats-io/transport-node'
import type { Rules, Services } from '../../core/index.ts'
import { guardMessages } from '../messages/index.ts'
import type { Broker, Message, MessageGuard, MessageOptions } from '../messages/index.ts'
import { findSubject } from './subjects.ts'

/** How a NATS consumer judges its messages. */
export interface NatsMessageOptions<Auth = unknown> extends MessageOptions {
  /** Publishes refused messages; a stream must hold their subject. */
  readonly jetstream: Pick<JetStreamClient, 'publish'>
  /** What a subject demands, where it is not the consumer's `auth`; with `*` and `>` as NATS has them. */
  readonly subjects?: Readonly<Record<string, Auth>>
}

/** Before the subject of a refused message: a wildcard that covers the subject does not cover this. */
const refusedPrefix = 'refused.'

/** When JetStream delivers a message again that was not handled: at once it would fail again. */
const giveBackMs = 1000

export type NatsGuard = MessageGuard<JsMsg | Msg>

/** The guard of a consumer of JetStream messages, or of a plain subscription, whose messages nobody acknowledges. */
export function guardNats(
  rules: Rules,
  { jetstream, subjects = {}, ...options }: NatsMessageOptions,
  services: Pick<Services, 'now' | 'log'>,
): NatsGuard {
  return guardMessages(toBroker(jetstream), rules, options, subjects, services)
}

function toBroker(jetstream: NatsMessageOptions['jetstream']): Broker<JsMsg | Msg> {
  return {
    rows: 'subjects',
    keepsTime: true,
    view: (message) => ({
      target: message.subject,
      headers: headersOf(message),
      payload: message.data,
      ...deliveryOf(message),
    }),
    findRow: ({ subject }, rows) => findSubject(subject, rows),
    refusalsOf: ({ subject }) => (subject.startsWith(refusedPrefix) ? undefined : refusedPrefix + subject),
    async publish({ data }, destination, headers) {
      const copied = createHeaders()
      // Headers of the server's own would have the copy taken for the message itself, or clear what lies there.
      for (const [name, value] of headers) {
        if (!name.toLowerCase().startsWith('nats-')) copied.append(name, value)
      }
      await jetstream.publish(destination, data, { headers: copied })
    },
    acknowledge(message) {
      if (isOfStream(message)) message.ack()
    },
    giveBack(message) {
      if (isOfStream(message)) message.nak(giveBackMs)
    },
    keepWaiting(message) {
      if (isOfStream(message)) message.working()
    },
  }
}

function isOfStream(message: JsMsg | Msg): message is JsMsg {
  return 'ack' in message
}

function headersOf({ headers }: JsMsg | Msg): [name: string, value: string][] {
  if (headers === undefined) return []
  return [...headers].flatMap(([name, values]) => values.map((value): [string, string] => [name, value]))
}

function deliveryOf(message: JsMsg | Msg): Pick<Message, 'delivery' | 'receivedAtMs'> {
  if (!isOfStream(message)) return { delivery: { again: false } }
  const { stream, streamSequence, redelivered, timestampNanos } = message.info
  return {
    delivery: { id: `${stream}:${streamSequence}`, again: redelivered },
    receivedAtMs: Number(BigInt(timestampNanos) / 1_000_000n),
  }
}
