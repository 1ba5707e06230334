import { ConfigError, number, oneOf, optional, record, text } from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'
import type { NatsConfig } from '../nats/index.ts'

/** How to connect to NATS Streaming: to NATS, and by that connection to the streaming server. */
export interface StanConfig<Auth = unknown> extends NatsConfig<Auth> {
  /** Default `test-cluster`. */
  readonly clusterId?: string
  /** Letters, digits, `-` and `_`; durable subscriptions are found again by it. Default: by chance. */
  readonly clientId?: string
  /** Seconds to wait for the acknowledgement of a message that was published; default 30. */
  readonly ackTimeout?: number
  /** Seconds to wait for every other answer; default 5. */
  readonly connectionTimeout?: number
  /** How many messages may wait for their acknowledgement; default 16384. One more is refused. */
  readonly maxPubAcksInFlight?: number
  /** Default `_STAN.discover`. */
  readonly discoverPrefix?: string
  /** Seconds between asking whether the server still knows us; default 5. */
  readonly pingInterval?: number
}

/** What of a StanConfig is not for NATS. */
export type SessionConfig = Omit<StanConfig, keyof NatsConfig>

/** Where a subscription begins that has no place yet. */
export type StartPosition =
  /** At what is published from now on (default), at the last message there is, or at the first. */
  | 'new'
  | 'last'
  | 'first'
  | { readonly sequence: number }
  /** At what was published so many seconds ago. */
  | { readonly secondsAgo: number }

export interface StanSubscribeOptions {
  /** Keeps the place, for this client id, until it unsubscribes. */
  readonly durableName?: string
  /** Subscriptions of one group share the messages; a durable group keeps its place when all are gone. */
  readonly queueGroup?: string
  readonly startPosition?: StartPosition
  /** Seconds after which a message without acknowledgement is delivered again; default 30. */
  readonly ackWait?: number
  /** How many messages may wait for their acknowledgement; default 1024. */
  readonly maxInFlight?: number
}

const secondsMax = 86_400
const seconds = number({ min: 1, max: secondsMax, unit: 'seconds' })
const wholeSeconds = number({ min: 1, max: secondsMax, integer: true, unit: 'seconds' })
const count = number({ min: 1, max: 1_000_000, integer: true })

const clientId: Shape<string> = {
  check(value, path) {
    const id = text().check(value, path)
    if (/^[\w-]+$/.test(id)) return id
    throw new ConfigError(path, 'expected letters, digits, - and _: the server takes no others')
  },
  json: { type: 'string', pattern: '^[\\w-]+$' },
}

/** One name or several of a subject, without wildcards: STAN has none. */
export const subjectShape: Shape<string> = {
  check(value, path) {
    const subject = text().check(value, path)
    if (/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject)) return subject
    throw new ConfigError(path, 'expected a subject without wildcards and spaces')
  },
  json: { type: 'string' },
}

export const sessionShape: Shape<SessionConfig> = record<SessionConfig>({
  clusterId: optional(text()),
  clientId: optional(clientId),
  ackTimeout: optional(seconds),
  connectionTimeout: optional(seconds),
  maxPubAcksInFlight: optional(count),
  discoverPrefix: optional(subjectShape),
  pingInterval: optional(wholeSeconds),
})

const namedPosition = oneOf('new', 'last', 'first')
const sequencePosition = record<{ sequence: number }>({ sequence: number({ min: 1, integer: true }) })
const agePosition = record<{ secondsAgo: number }>({
  secondsAgo: number({ max: 366 * secondsMax, unit: 'seconds' }),
})

const startPosition: Shape<StartPosition> = {
  check(value, path) {
    if (typeof value !== 'object') return namedPosition.check(value, path)
    return value !== null && 'secondsAgo' in value
      ? agePosition.check(value, path)
      : sequencePosition.check(value, path)
  },
  json: { anyOf: [namedPosition.json, sequencePosition.json, agePosition.json] },
}

export const subscribeShape: Shape<StanSubscribeOptions> = record<StanSubscribeOptions>({
  durableName: optional(text()),
  queueGroup: optional(text()),
  startPosition: optional(startPosition),
  ackWait: optional(wholeSeconds),
  maxInFlight: optional(count),
})
