import { number, optional } from '../../core/index.ts'
import type { OptionalShape } from '../../core/index.ts'
import type { ConnectionLimits } from './client.ts'

/** How many connections a client of files may have, and how patient it is. */
export interface LimitsConfig {
  /** Seconds that a connection may take to stand, be silent, or be waited for; default 30. */
  readonly timeout?: number
  /** Connections at a time, each of which does one thing at a time; default 4. */
  readonly maxConnections?: number
}

const timeoutDefaultSeconds = 30
const maxConnectionsDefault = 4
/** The most entries of a directory that are read. */
export const entriesMax = 100_000

export const limitsMembers: {
  readonly timeout: OptionalShape<number>
  readonly maxConnections: OptionalShape<number>
} = {
  timeout: optional(number({ min: 0.1, max: 3600, unit: 'seconds' })),
  maxConnections: optional(number({ min: 1, max: 100, integer: true })),
}

export function toLimits({ timeout, maxConnections }: LimitsConfig): ConnectionLimits {
  return {
    timeoutMs: (timeout ?? timeoutDefaultSeconds) * 1000,
    maxConnections: maxConnections ?? maxConnectionsDefault,
  }
}
