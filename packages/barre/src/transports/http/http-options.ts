import { ConfigError, allowInsecureListener } from '../../core/index.ts'
import type { Log } from '../../core/index.ts'
import { toTrusts } from './address.ts'
import type { Trusts } from './address.ts'

/** How a service stands on the network; the same on every wire over HTTP. */
export interface HttpOptions {
  /** The origin that clients use (`https://orders.example`), for providers that bind a credential to a URL. */
  readonly publicOrigin?: string
  /**
   * Addresses or CIDR ranges of the proxies that terminate TLS before us. Only their X-Forwarded-Proto and
   * X-Forwarded-For are believed, and with them a cleartext listener may be bound off loopback.
   */
  readonly trustedProxies?: readonly string[]
  /** Where a problem that stops calls is reported; silent by default. */
  readonly log?: Log
  /** Serve `auth` in clear text on an address off loopback. */
  readonly [allowInsecureListener]?: boolean
}

/** Checked HttpOptions. */
export interface HttpSettings {
  /** Empty when no `publicOrigin` is configured. */
  readonly origin: string
  readonly trusts?: Trusts
  readonly mayBeCleartext: boolean
  readonly log?: Log
}

export function toSettings(options: HttpOptions): HttpSettings {
  const { publicOrigin, trustedProxies, log } = options
  return {
    origin: publicOrigin === undefined ? '' : checkOrigin(publicOrigin),
    ...(trustedProxies && { trusts: toTrusts(checkList(trustedProxies), 'trustedProxies') }),
    mayBeCleartext: trustedProxies !== undefined || options[allowInsecureListener] === true,
    ...(log && { log }),
  }
}

function checkOrigin(value: unknown): string {
  const origin = typeof value === 'string' && URL.canParse(value) ? new URL(value).origin : 'null'
  if (origin === value && /^https?:/.test(origin)) return origin
  throw new ConfigError('publicOrigin', "expected scheme and host only, such as 'https://orders.example'")
}

function checkList(value: readonly string[]): readonly string[] {
  if (Array.isArray(value) && value.length > 0) return value
  throw new ConfigError('trustedProxies', 'expected a list of at least one address')
}
