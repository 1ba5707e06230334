import {
  allowInsecureEndpoint,
  clientSecureSocketShape,
  instance,
  isRecord,
  number,
  optional,
  record,
  text,
} from '../../core/index.ts'
import type { RecoveryOptions } from 'amqplib'
import type { ClientSecureSocket, Shape } from '../../core/index.ts'

/** How to connect to RabbitMQ. */
export interface RabbitMqConfig<Auth = unknown> {
  /** `amqps://rabbit.internal:5671/virtual-host`; `amqp:` is accepted on loopback alone. */
  readonly url: string
  /**
   * Who we are: a client `auth` record; a token is sent as the password, and renewed on the open connection.
   * Absent: our certificate says it (EXTERNAL), so `secureSocket.key` is required.
   */
  readonly auth?: Auth
  readonly secureSocket?: ClientSecureSocket
  /** Seconds between signs of life; default: as the broker suggests. */
  readonly heartbeat?: number
  /** Seconds until the connection stands; default 10. */
  readonly connectionTimeout?: number
  /** How the library connects again, and the `setup` that it then repeats. */
  readonly recovery?: RecoveryOptions
  /** Speak in clear text off loopback, too. */
  readonly [allowInsecureEndpoint]?: boolean
}

export const connectionTimeoutDefaultSeconds = 10

const anyRecord: Shape<object> = { check: (value) => value as object, json: {} }

export const rabbitMqShape: Shape<RabbitMqConfig> = record<RabbitMqConfig>({
  url: text(),
  auth: optional(anyRecord),
  secureSocket: optional(clientSecureSocketShape),
  heartbeat: optional(number({ max: 65_535, integer: true, unit: 'seconds' })),
  connectionTimeout: optional(number({ min: 1, max: 3600, unit: 'seconds' })),
  recovery: optional(instance('recovery options', isRecord)),
  [allowInsecureEndpoint]: optional({
    check: (value) => value === true,
    json: {},
  }),
})
