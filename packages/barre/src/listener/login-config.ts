import { ConfigError, number, optional } from '../core/index.ts'
import type { Members, Shape } from '../core/index.ts'
import { loginThrottleShape } from './login-throttle.ts'
import type { LoginThrottleConfig } from './login-throttle.ts'

/** What every user store has in common. */
export interface LoginConfig {
  /** What the login prompt calls this service; default `barre`. */
  readonly realm?: string
  /** Seconds after which a live connection has to authenticate again; default never. */
  readonly maxSessionSeconds?: number
  /** How wrong passwords slow down who sends them; false: not at all. */
  readonly loginThrottle?: false | LoginThrottleConfig
}

const form = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/

const realm: Shape<string> = {
  check(value, path) {
    if (typeof value === 'string' && form.test(value)) return value
    throw new ConfigError(path, 'expected printable ASCII without quotes and backslashes')
  },
  json: { type: 'string', pattern: form.source },
}

export const loginMembers: Members<LoginConfig> = {
  realm: optional(realm),
  maxSessionSeconds: optional(number({ min: 1, unit: 'seconds' })),
  loginThrottle: optional(loginThrottleShape),
}
