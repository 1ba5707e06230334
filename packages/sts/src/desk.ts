import { ConfigError, allowInsecureListener, isLoopback } from 'barre/core'
import { createDpopVerifier } from 'barre/auth'
import { toSettings } from 'barre/http'
import { clientAuthentication } from './clients/authenticate.ts'
import { createClientStore } from './clients/client-store.ts'
import { createGrants } from './grants/index.ts'
import { ownTokens } from './tokens/own-tokens.ts'
import { rateLimit } from './operation/rate-limit.ts'
import { refreshTokens } from './tokens/refresh-tokens.ts'
import { tokenIssuer } from './tokens/access-token.ts'
import { tokenPath } from './endpoints/paths.ts'
import { trustedIssuers } from './trusted-issuers.ts'
import { openUsers } from './users.ts'
import type { ReplayStore, Services } from 'barre/core'
import type { HttpSettings } from 'barre/http'
import type { DpopVerifier } from 'barre/listener'
import type { ClientAuthentication } from './clients/authenticate.ts'
import type { ClientStore } from './clients/client.ts'
import type { LimitsConfig, StsConfig } from './config.ts'
import type { Grant } from './grants/index.ts'
import type { SigningKeys } from './keys/signing-keys.ts'
import type { Audit } from './operation/audit.ts'
import type { Metrics } from './operation/metrics.ts'
import type { RateLimit } from './operation/rate-limit.ts'
import type { Store } from './store/index.ts'
import type { OwnTokens } from './tokens/own-tokens.ts'
import type { Users } from './users.ts'

/** What there is one of while the service runs, whatever its configuration becomes. */
export interface Base {
  readonly services: Services
  readonly store: Store
  readonly keys: SigningKeys
  readonly audit: Audit
  readonly metrics: Metrics
  /** Secrets of clients that were right once are known by their hash with it. */
  readonly pepper: string
}

/** What answers requests: compiled from one configuration, so that a reload is another desk. */
export interface Desk extends Base {
  readonly config: StsConfig
  readonly issuer: string
  /** Whose word about a caller's address is taken. */
  readonly http: HttpSettings
  readonly clients: ClientStore
  readonly authenticate: ClientAuthentication
  readonly grants: ReadonlyMap<string, Grant>
  readonly ownTokens: OwnTokens
  readonly users?: Users | undefined
  readonly dpop: DpopVerifier
  readonly refusals: RateLimit
  /** What strangers have us keep, by address. */
  readonly logins: RateLimit
  readonly requests?: RateLimit | undefined
  readonly isDurable: boolean
  readonly codeLifetimeSeconds: number
  ready(): Promise<boolean>
  /** Ends what this configuration has opened. */
  close(): Promise<void>
}

const lifetimeDefaultSeconds = 300
const refreshLifetimeDefaultSeconds = 30 * 86_400
const refreshIdleDefaultSeconds = 7 * 86_400
const refreshGraceDefaultSeconds = 30
const codeLifetimeDefaultSeconds = 60
const refusalsPerMinuteDefault = 300
const loginsPerMinuteDefault = 120

/** The longest that an access token of this configuration may live, in seconds. */
export function longestLifetimeSeconds({ tokens = {}, clients = [], store }: StsConfig): number {
  const own = clients.map(({ tokenLifetimeSeconds = 0 }) => tokenLifetimeSeconds)
  // A client of the store may have the longest that there is.
  const ofStore = store === undefined ? 0 : 86_400
  return Math.max(tokens.lifetimeSeconds ?? lifetimeDefaultSeconds, ofStore, ...own)
}

/** Compiles a configuration. Throws ConfigError that names the field at fault. */
export function createDesk(config: StsConfig, base: Base): Desk {
  const { services, store, keys, pepper } = base
  const { issuer, clients: clientConfigs = [], tokens: times = {} } = config
  checkListener(config)
  const { trustedProxies } = config
  const http = toSettings(trustedProxies === undefined ? {} : { trustedProxies })
  const isDurable = config.store !== undefined
  checkOpaque(config, isDurable)
  const dpop = createDpopVerifier({ replayStore: replaysIn(base), ...config.dpop }, services, 'dpop')
  const users = config.users && openUsers(config.users, services, 'users')
  const hasUsers = users !== undefined
  const passwordGrant = config.legacy?.passwordGrant === true
  const clients = createClientStore(
    clientConfigs,
    store,
    {
      services,
      issuer,
      tokenUrl: issuer + tokenPath,
      remember: (id, nowMs, expiresAtMs) => store.remember(id, nowMs, expiresAtMs),
      pepper,
      hasCertificates: config.secureSocket?.mutualSsl !== undefined,
      isDurable,
      hasUsers,
      passwordGrant,
    },
    'clients',
  )
  checkSomebody(config)
  const issuers = trustedIssuers(
    config.trustedIssuers ?? [],
    issuer,
    services,
    'trustedIssuers',
    config.users,
  )
  const tokens = tokenIssuer(toIssuerConfig(config), keys, store, services)
  const own = ownTokens(issuer, keys, store, services)
  const refresh = refreshTokens(store, toRefreshTimes(config), services)
  const context = { issuers, clients, tokens, ownTokens: own, refreshTokens: refresh, store, users, services }
  const hasTrustedIssuers = (config.trustedIssuers ?? []).length > 0
  return {
    ...base,
    config,
    issuer,
    http,
    clients,
    authenticate: clientAuthentication(clients, pepper, services),
    grants: createGrants(context, { isDurable, hasUsers, passwordGrant, hasTrustedIssuers }),
    ownTokens: own,
    users,
    dpop,
    ...createLimits(config.limits, services),
    isDurable,
    codeLifetimeSeconds: times.codeLifetimeSeconds ?? codeLifetimeDefaultSeconds,
    ready: async () => issuers.ready() && (users?.ready() ?? true) && (await store.ready()),
    async close() {
      await Promise.all([issuers.close(), users?.close(), clients.close(), dpop.close()])
    },
  }
}

function createLimits(
  { refusalsPerMinute, loginsPerMinute, requestsPerMinute }: LimitsConfig = {},
  services: Services,
): Pick<Desk, 'refusals' | 'logins' | 'requests'> {
  return {
    refusals: rateLimit(refusalsPerMinute ?? refusalsPerMinuteDefault, services),
    logins: rateLimit(loginsPerMinute ?? loginsPerMinuteDefault, services),
    requests: requestsPerMinute === undefined ? undefined : rateLimit(requestsPerMinute, services),
  }
}

/** Several processes on one store see each other's proofs. */
function replaysIn({ store, services }: Base): ReplayStore {
  return { add: (key, expiresAtMs) => store.remember(`dpop:${key}`, services.now(), expiresAtMs) }
}

function toIssuerConfig({ issuer, tokens = {} }: StsConfig) {
  return {
    issuer,
    lifetimeSeconds: tokens.lifetimeSeconds ?? lifetimeDefaultSeconds,
    opaqueAudiences: new Set(tokens.opaqueAudiences),
  }
}

function toRefreshTimes({ tokens = {} }: StsConfig) {
  return {
    lifetimeSeconds: tokens.refreshLifetimeSeconds ?? refreshLifetimeDefaultSeconds,
    idleSeconds: tokens.refreshIdleSeconds ?? refreshIdleDefaultSeconds,
    graceSeconds: tokens.refreshGraceSeconds ?? refreshGraceDefaultSeconds,
  }
}

/** RFC 6749 §3.2: the token endpoint is served over TLS. Loopback is the exception that development needs. */
function checkListener({
  host = '127.0.0.1',
  secureSocket,
  [allowInsecureListener]: insecure,
}: StsConfig): void {
  if (secureSocket !== undefined || insecure === true || isLoopback(host)) return
  throw new ConfigError(
    'secureSocket',
    'required off loopback, where secrets would travel in clear text; or set [allowInsecureListener]: true',
  )
}

function checkOpaque({ tokens = {} }: StsConfig, isDurable: boolean): void {
  if (isDurable || (tokens.opaqueAudiences ?? []).length === 0) return
  throw new ConfigError('tokens.opaqueAudiences', 'opaque tokens need a store')
}

/** There is no default client: without a store, where one could be added, the configuration has to name one. */
function checkSomebody({ clients = [], store }: StsConfig): void {
  if (clients.length > 0 || store !== undefined) return
  throw new ConfigError('clients', 'expected at least one client, or a store that can hold some')
}
