import { ConfigError, allowInsecureListener } from '../../core/index.ts'
import type { Log, Rules } from '../../core/index.ts'
import { toTrusts } from './address.ts'
import type { Trusts } from './address.ts'
import { normalisePath } from './path.ts'
import { toResourceMetadata } from './resource-metadata.ts'
import type { ResourceMetadata, ResourceMetadataConfig } from './resource-metadata.ts'

/** How a service stands on the network; the same on every wire over HTTP. */
export interface HttpOptions {
  /** The origin that clients use (`https://orders.example`), for providers that bind a credential to a URL. */
  readonly publicOrigin?: string
  /** What a proxy takes from the front of the path before it reaches us (`/orders`); needs `publicOrigin`. */
  readonly publicPath?: string
  /**
   * Addresses or CIDR ranges of the proxies that terminate TLS before us. Only their X-Forwarded-Proto and
   * X-Forwarded-For are believed, and with them a cleartext listener may be bound off loopback.
   */
  readonly trustedProxies?: readonly string[]
  /** What the service says of itself (RFC 9728): served under `/.well-known/`, and challenges point to it. */
  readonly resourceMetadata?: ResourceMetadataConfig
  /** Where a problem that stops calls is reported; silent by default. */
  readonly log?: Log
  /** Serve `auth` in clear text on an address off loopback. */
  readonly [allowInsecureListener]?: boolean
}

/** Checked HttpOptions. */
export interface HttpSettings {
  /** What clients put before our paths; empty when no `publicOrigin` is configured. */
  readonly origin: string
  readonly trusts?: Trusts
  readonly metadata?: ResourceMetadata
  readonly mayBeCleartext: boolean
  readonly log?: Log
}

export function toSettings(options: HttpOptions): HttpSettings {
  const { publicOrigin, trustedProxies, resourceMetadata, log } = options
  const origin = (publicOrigin === undefined ? '' : checkOrigin(publicOrigin)) + checkPath(options)
  return {
    origin,
    ...(resourceMetadata && { metadata: toResourceMetadata(resourceMetadata, origin) }),
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

function checkPath({ publicOrigin, publicPath }: HttpOptions): string {
  if (publicPath === undefined) return ''
  const path = typeof publicPath === 'string' ? normalisePath(publicPath) : undefined
  if (
    publicOrigin !== undefined &&
    path?.ok === true &&
    path.value === publicPath &&
    !path.value.endsWith('/')
  ) {
    return path.value
  }
  throw new ConfigError('publicPath', "expected a path such as '/orders', beside a publicOrigin")
}

/** Throws where an entry compares the URL that was called, and nothing says what it looks like from outside. */
export function requireOrigin(rules: Pick<Rules, 'needsPublicOrigin'>, settings: HttpSettings): void {
  if (rules.needsPublicOrigin !== true || settings.origin !== '') return
  throw new ConfigError(
    'publicOrigin',
    'required, since an entry takes DPoP proofs, which name the URL: scheme and host as clients see them, ' +
      "such as 'https://orders.example'",
  )
}

function checkList(value: readonly string[]): readonly string[] {
  if (Array.isArray(value) && value.length > 0) return value
  throw new ConfigError('trustedProxies', 'expected a list of at least one address')
}
