import {
  allowInsecureEndpoint,
  clientSecureSocketShape,
  ConfigError,
  either,
  isLoopback,
  isRecord,
  list,
  oneOf,
  optional,
  record,
  text,
} from '../../core/index.ts'
import type { ClientSecureSocket, Log, Shape } from '../../core/index.ts'

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const
export type Mechanism = (typeof mechanisms)[number]

const protocols = ['PLAINTEXT', 'SASL_PLAINTEXT', 'SASL_SSL', 'SSL'] as const

/** How to connect to Kafka. */
export interface KafkaConfig<Auth = object> {
  /** `broker.internal:9093`, one or several. */
  readonly bootstrapServers: string | readonly string[]
  /** Default `SASL_SSL` with `auth`, else `SSL`. Those without SSL are accepted on loopback alone. */
  readonly securityProtocol?: (typeof protocols)[number]
  /**
   * Who we are: a client `auth` record, beside the SASL mechanism that sends it. Default: `PLAIN` for a password,
   * `OAUTHBEARER` for everything else.
   */
  readonly auth?: Auth & { readonly mechanism?: Mechanism }
  readonly secureSocket?: ClientSecureSocket
  /** Speak in clear text off loopback, too. */
  readonly [allowInsecureEndpoint]?: boolean
}

/** A checked KafkaConfig. */
export interface KafkaSettings {
  readonly brokers: readonly string[]
  /** Absent: clear text. */
  readonly secureSocket?: ClientSecureSocket
  readonly sasl?: { readonly mechanism: Mechanism; readonly auth: unknown }
}

const anyRecord: Shape<object> = { check: (value) => value as object, json: {} }

const kafkaShape: Shape<KafkaConfig> = record<KafkaConfig>({
  bootstrapServers: either(text(), list(text(), 1)),
  securityProtocol: optional(oneOf(...protocols)),
  auth: optional(anyRecord),
  secureSocket: optional(clientSecureSocketShape),
  [allowInsecureEndpoint]: optional({ check: (value) => value === true, json: {} }),
})

/** Checks a configuration; throws ConfigError. */
export function toSettings(config: KafkaConfig, log: Log): KafkaSettings {
  const checked = kafkaShape.check(config, '')
  const { bootstrapServers, auth, secureSocket } = checked
  const protocol = checked.securityProtocol ?? (auth === undefined ? 'SSL' : 'SASL_SSL')
  const brokers = readBrokers(bootstrapServers)
  if (protocol.startsWith('SASL_') !== (auth !== undefined)) {
    const problem = auth === undefined ? 'SASL needs auth' : 'the credential in auth would never be sent'
    throw new ConfigError('securityProtocol', `${problem}: say ${auth === undefined ? 'SSL' : 'SASL_SSL'}`)
  }
  const sasl = auth === undefined ? {} : { sasl: readSasl(auth) }
  if (protocol.endsWith('SSL')) return { brokers, secureSocket: secureSocket ?? {}, ...sasl }
  if (secureSocket !== undefined) {
    throw new ConfigError('securityProtocol', `${protocol} is clear text, which secureSocket cannot secure`)
  }
  if (!brokers.every((broker) => isLoopback(hostOf(broker)))) {
    if (checked[allowInsecureEndpoint] !== true) {
      throw new ConfigError(
        'securityProtocol',
        'clear text is accepted only to loopback; use SSL, or set [allowInsecureEndpoint]: true in code',
      )
    }
    log.warn({ brokers }, 'Kafka is spoken in clear text: allowInsecureEndpoint')
  }
  return { brokers, ...sasl }
}

function readBrokers(given: string | readonly string[]): readonly string[] {
  const brokers = typeof given === 'string' ? given.split(',') : given
  return brokers.map((broker, index) => {
    const path = typeof given === 'string' ? 'bootstrapServers' : `bootstrapServers[${index}]`
    const name = broker.trim()
    if (/^(\[[0-9a-f:]+\]|[^\s:@/]+):\d{1,5}$/i.test(name)) return name
    throw new ConfigError(path, 'expected host:port')
  })
}

export function hostOf(broker: string): string {
  return broker.slice(0, broker.lastIndexOf(':'))
}

const mechanismShape = oneOf(...mechanisms)

function readSasl(given: object): NonNullable<KafkaSettings['sasl']> {
  if (!isRecord(given)) throw new ConfigError('auth', 'expected a record')
  const { mechanism, ...auth } = given
  const isPassword = auth['username'] !== undefined && auth['password'] !== undefined
  if (mechanism === undefined) return { mechanism: isPassword ? 'PLAIN' : 'OAUTHBEARER', auth }
  return { mechanism: mechanismShape.check(mechanism, 'auth.mechanism'), auth }
}
