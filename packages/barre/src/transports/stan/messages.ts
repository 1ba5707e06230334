import type { Rules, Services } from '../../core/index.ts'
import { guardMessages } from '../messages/index.ts'
import type { Broker, MessageGuard, MessageOptions } from '../messages/index.ts'
import type { StanConnection } from './connect.ts'
import type { StanMessage } from './subscription.ts'

/** How a STAN consumer judges its messages. */
export interface StanMessageOptions<Auth = unknown> extends MessageOptions {
  /** Publishes refused messages. */
  readonly connection: Pick<StanConnection, 'publish'>
  /** What a subject demands, where it is not the consumer's `auth`. */
  readonly subjects?: Readonly<Record<string, Auth>>
}

/** Before the subject of a refused message, as on NATS. */
const refusedPrefix = 'refused.'

export type StanGuard = MessageGuard<StanMessage>

/** The guard of a consumer. */
export function guardStan(
  rules: Rules,
  { connection, subjects = {}, ...options }: StanMessageOptions,
  services: Pick<Services, 'now' | 'log'>,
): StanGuard {
  return guardMessages(toBroker(connection), rules, options, subjects, services)
}

function toBroker(connection: StanMessageOptions['connection']): Broker<StanMessage> {
  return {
    rows: 'subjects',
    keepsTime: true,
    view: ({ subject, headers, data, sequence, redelivered, receivedAtMs }) => ({
      target: subject,
      headers,
      payload: data,
      delivery: { id: `${subject}:${sequence}`, again: redelivered },
      receivedAtMs,
    }),
    findRow: ({ subject }, rows) => rows.find((row) => row === subject),
    refusalsOf: ({ subject }) => (subject.startsWith(refusedPrefix) ? undefined : refusedPrefix + subject),
    async publish({ data }, destination, headers) {
      await connection.publish(destination, data, headers)
    },
    acknowledge: (message) => message.ack(),
  }
}
