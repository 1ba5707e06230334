import {
  ConfigError,
  allowInsecureEndpoint,
  allowInsecureListener,
  clientConfigurationShape,
  clientSecureSocketShape,
  flag,
  list,
  listenerSecureSocketShape,
  number,
  oneOf,
  optional,
  record,
  secret,
  table,
  text,
} from 'barre/core'
import type { ClientConfiguration, ClientSecureSocket, ListenerSecureSocket, Secret, Shape } from 'barre/core'
import type { AuthConfig, ResourceAuth } from 'barre/auth'

/** All of a gateway's settings. Paths of files are relative to the working directory. */
export interface GatewayConfig {
  /** The address to listen on; default `127.0.0.1`. */
  readonly host?: string
  /** 0: any free one. */
  readonly port: number
  /** The origin that clients use, `https://api.example.com`; upstreams see it as X-Forwarded-Host and -Proto. */
  readonly publicOrigin: string
  readonly secureSocket?: ListenerSecureSocket
  /** Who may call, for each route that does not say otherwise. */
  readonly auth?: AuthConfig
  /** Where tokens are exchanged. */
  readonly sts?: StsClientConfig
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>
  readonly routes: readonly RouteConfig[]
  /** Further header names that only the gateway may set towards upstreams, beyond those that it knows. */
  readonly identityHeaders?: readonly string[]
  readonly limits?: LimitsConfig
  readonly [allowInsecureListener]?: boolean
}

/** The gateway as a client of the Secure Token Service. */
export interface StsClientConfig {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string | Secret
  /** Default `client_secret_basic`. */
  readonly authenticationMethod?: 'client_secret_basic' | 'client_secret_post'
  readonly clientConfig?: ClientConfiguration
}

/** A service behind the gateway. */
export interface UpstreamConfig {
  /** Its origin. */
  readonly url: string
  /** TLS towards it; with `key`, mutual TLS. */
  readonly secureSocket?: ClientSecureSocket
  /** Seconds; default 5. */
  readonly connectTimeout?: number
  /** Seconds without the head of an answer, or later without a byte of its body; default 30. */
  readonly responseTimeout?: number
  /** Default 128. */
  readonly maxConnections?: number
  /** Speak plain http to an address off loopback. */
  readonly [allowInsecureEndpoint]?: boolean
}

/** What happens to the requests that match. */
export interface RouteConfig {
  /** Only for this host, without a port. A host that some route names is served by its routes alone. */
  readonly host?: string
  /** Default: every method. GET covers HEAD. */
  readonly methods?: readonly string[]
  /** `/order/:id`, or all below with a last segment `*`. A literal segment wins over `:name`, and both over `*`. */
  readonly path: string
  /** As on every wire: `false` is open, absent is the gateway's `auth`. */
  readonly auth?: ResourceAuth
  /** The token that the upstream gets; absent: none. */
  readonly exchange?: ExchangeConfig
  /** A name of `upstreams`. */
  readonly upstream: string
}

/** What to ask of the token service. */
export interface ExchangeConfig {
  readonly audience: string
  /** Default: all that the caller and the gateway both have. */
  readonly scopes?: readonly string[]
}

export interface LimitsConfig {
  /** The largest request body, in bytes; default 10 MiB. */
  readonly maxBodyBytes?: number
  /** The largest request head, in bytes; default 32 KiB. */
  readonly maxHeaderBytes?: number
  /** How long `close` waits for requests in flight, in seconds; default 10. */
  readonly closeTimeout?: number
}

const timeoutMaxSeconds = 3600
const bodyMaxBytes = 2 ** 40
const headerMaxBytes = 2 ** 20

const seconds = number({ min: 0.001, max: timeoutMaxSeconds, unit: 'seconds' })
/** Compiled by the registry of kinds, which knows its shape. */
const compiledElsewhere = <T>(): Shape<T> => ({ check: (value) => value as T, json: {} })

const stsClientShape = record<StsClientConfig>({
  tokenUrl: text(),
  clientId: text(),
  clientSecret: secret(),
  authenticationMethod: optional(oneOf('client_secret_basic', 'client_secret_post')),
  clientConfig: optional(clientConfigurationShape),
})

const upstreamShape = record<UpstreamConfig>({
  url: text(),
  secureSocket: optional(clientSecureSocketShape),
  connectTimeout: optional(seconds),
  responseTimeout: optional(seconds),
  maxConnections: optional(number({ min: 1, max: 65_535, integer: true })),
  [allowInsecureEndpoint]: optional(flag()),
})

const routeShape = record<RouteConfig>({
  host: optional(textLike(/^[a-z0-9.-]+$|^\[[0-9a-f:.]+\]$/, 'a host name in lower case, without a port')),
  methods: optional(list(textLike(/^[A-Z-]+$/, 'a method in upper case'), 1)),
  path: text(),
  auth: optional(compiledElsewhere<ResourceAuth>()),
  exchange: optional(record<ExchangeConfig>({ audience: text(), scopes: optional(list(scope(), 1)) })),
  upstream: text(),
})

/** Checks every field of a GatewayConfig but `auth`, which the registry of kinds checks. */
export const gatewayShape: Shape<GatewayConfig> = record<GatewayConfig>({
  host: optional(text()),
  port: number({ max: 65_535, integer: true }),
  publicOrigin: text(),
  secureSocket: optional(listenerSecureSocketShape),
  auth: optional(compiledElsewhere<AuthConfig>()),
  sts: optional(stsClientShape),
  upstreams: table(upstreamShape),
  routes: list(routeShape, 1),
  identityHeaders: optional(list(textLike(/^[a-z0-9-]+$/, 'a header name in lower case'))),
  limits: optional(
    record<LimitsConfig>({
      maxBodyBytes: optional(number({ max: bodyMaxBytes, unit: 'bytes', integer: true })),
      maxHeaderBytes: optional(number({ min: 1024, max: headerMaxBytes, unit: 'bytes', integer: true })),
      closeTimeout: optional(seconds),
    }),
  ),
  [allowInsecureListener]: optional(flag()),
})

function scope(): Shape<string> {
  // RFC 6749 §3.3.
  return textLike(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'one scope, without a space')
}

function textLike(form: RegExp, expected: string): Shape<string> {
  return {
    check(value, path) {
      if (typeof value === 'string' && form.test(value)) return value
      throw new ConfigError(path, `expected ${expected}`)
    },
    json: { type: 'string', pattern: form.source },
  }
}
