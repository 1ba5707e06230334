import { ConfigError, number, oneOf, optional, record, table, text } from '../../core/index.ts'
import type { Policy, Rules, Shape } from '../../core/index.ts'

/** How a consumer judges its messages; the same for every broker. */
export interface MessageOptions {
  /** The oldest message that is still handled, in seconds; default 300. */
  readonly maxMessageAgeSeconds?: number
  /**
   * When a token must hold: at the time that the broker noted for its message, or when the message is consumed
   * (default). Say `broker` only where senders cannot set that time.
   */
  readonly timestamp?: 'broker' | 'consumption'
  /** Where refused messages go; default: a destination of its own for each topic, queue or subject. */
  readonly refusals?: string
}

export const maxMessageAgeDefaultSeconds = 300
/** The largest age that can be configured: a month. */
const maxMessageAgeMaxSeconds = 31 * 86_400

/** Checked MessageOptions, and the policy of each row. */
export interface MessageSettings {
  readonly maxAgeMs: number
  readonly trustsTime: boolean
  readonly refusals?: string
  /** `undefined` as a value: open. */
  readonly rows: ReadonlyMap<string, Policy | undefined>
  /** What holds where no row does. */
  readonly policy: Policy | undefined
}

const optionsShape: Shape<MessageOptions> = record<MessageOptions>({
  maxMessageAgeSeconds: optional(number({ min: 1, max: maxMessageAgeMaxSeconds, unit: 'seconds' })),
  timestamp: optional(oneOf('broker', 'consumption')),
  refusals: optional(text()),
})

/** `rowsName`: the member of the configuration that the rows come from. Throws ConfigError. */
export function toSettings(
  options: MessageOptions,
  rows: Readonly<Record<string, unknown>>,
  rules: Rules,
  broker: { readonly rows: string; readonly keepsTime: boolean },
): MessageSettings {
  const { maxMessageAgeSeconds, timestamp, refusals } = optionsShape.check(options, '')
  if (timestamp === 'broker' && !broker.keepsTime) {
    throw new ConfigError('timestamp', 'this broker notes no time of its own; leave it out')
  }
  const policies = Object.entries(table({ check: (says) => says, json: {} }).check(rows, broker.rows)).map(
    ([name, says]) => [name, rules.policyFor(says, `${broker.rows}[${JSON.stringify(name)}]`)] as const,
  )
  const settings: MessageSettings = {
    maxAgeMs: (maxMessageAgeSeconds ?? maxMessageAgeDefaultSeconds) * 1000,
    trustsTime: timestamp === 'broker',
    rows: new Map(policies),
    policy: rules.policyFor(undefined, 'auth'),
    ...(refusals !== undefined && { refusals }),
  }
  if (rules.needsClientCertificate) {
    throw new ConfigError(
      'auth',
      'a message brings no certificate of its sender; use a credential that stands in its headers',
    )
  }
  return settings
}
