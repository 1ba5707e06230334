import {
  BoundedCache,
  checkEndpoint,
  ConfigError,
  describeFetchError,
  ok,
  refuse,
  singleFlight,
} from '../../core/index.ts'
import type { Awaitable, Denial, Result, Services } from '../../core/index.ts'
import { discoverUrl } from '../discover.ts'
import type { TokenVerifier } from '../jwt/token-verifier.ts'
import { toAllowed } from './allowed-issuers.ts'
import { maxIssuersDefault } from './config.ts'
import type { JwtIssuersConfig } from './config.ts'

/** The numbers of discovery. */
export const discoveryLimits = {
  /** For how long an issuer that could not be discovered is left alone, in milliseconds. */
  cooldownMs: 30_000,
  /** How many such issuers are remembered. */
  maxFailed: 1000,
  /** How many issuers that a pattern allows may be looked for in a minute: each costs the real one a request. */
  perMinute: 60,
} as const

/** The issuers that tokens may come from, and their verifiers, each made when its first token comes. */
export interface IssuerRegistry {
  /** The verifier of an issuer; who is not in the list is refused before anything is asked. */
  find(issuer: string): Awaitable<Result<TokenVerifier>>
  close(): Promise<void>
}

/** Compiles the list; `make` gets an issuer and where its keys are. Throws ConfigError. */
export function createIssuerRegistry(
  config: JwtIssuersConfig,
  services: Services,
  path: string,
  make: (issuer: string, jwksUrl: URL) => TokenVerifier,
): IssuerRegistry {
  const { maxIssuers = maxIssuersDefault } = config
  const listed = toAllowed(config.issuers, `${path}.issuers`, config.clientConfig ?? {})
  const locator = createLocator(config, services, path)
  /** In order of use. */
  const known = new Map<string, TokenVerifier>()
  const failed = new BoundedCache<string, Denial>({
    maxEntries: discoveryLimits.maxFailed,
    maxBytes: Infinity,
  })
  const once = singleFlight<string, Result<TokenVerifier>>()
  const pace = createPace(services)
  let closed = false

  const discover = async (issuer: string): Promise<Result<TokenVerifier>> => {
    const located = await locator.locate(issuer)
    if (closed) return refuse('unavailable', 'the provider was closed')
    if (!located.ok) {
      services.log.warn({ issuer, reason: located.denial.detail }, 'an issuer could not be discovered')
      failed.set(issuer, located.denial, {
        bytes: 0,
        expiresAtMs: services.now() + discoveryLimits.cooldownMs,
      })
      return located
    }
    const verifier = make(issuer, located.value)
    known.set(issuer, verifier)
    evict()
    return ok(verifier)
  }
  const evict = (): void => {
    for (const [issuer, verifier] of known) {
      if (known.size <= maxIssuers) return
      known.delete(issuer)
      void verifier.close()
    }
  }
  return {
    find(issuer) {
      const verifier = known.get(issuer)
      if (verifier !== undefined) {
        known.delete(issuer)
        known.set(issuer, verifier)
        return ok(verifier)
      }
      const how = listed(issuer)
      if (how === undefined) return refuse('invalid', 'the token is of an issuer that is not in the list')
      const denial = failed.get(issuer, services.now())
      if (denial !== undefined) return { ok: false, denial }
      return once(issuer, () => {
        if (how === 'pattern' && !pace()) return tooMany
        return discover(issuer)
      })
    },
    async close() {
      closed = true
      await Promise.all([...known.values()].map((verifier) => verifier.close()))
      known.clear()
      await locator.close()
    },
  }
}

/** Finds out where issuers publish their keys. Throws ConfigError. */
function createLocator(
  { clientConfig = {}, jwksOrigins = [] }: JwtIssuersConfig,
  services: Services,
  path: string,
): { locate(issuer: string): Promise<Result<URL>>; close(): Promise<void> } {
  const origins = new Set(jwksOrigins.map((origin, at) => toOrigin(origin, `${path}.jwksOrigins[${at}]`)))
  const fetch = services.fetchFor(clientConfig, `${path}.clientConfig`)
  return {
    async locate(issuer) {
      try {
        const found = await discoverUrl(issuer, 'jwks_uri', fetch, clientConfig)
        if (!found.ok) return found
        const { origin } = found.value
        if (origin === new URL(issuer).origin || origins.has(origin)) return found
        return refuse('unavailable', 'the keys of the issuer are on another origin: name it in jwksOrigins')
      } catch (error) {
        return refuse('unavailable', `the issuer cannot be discovered: ${describeFetchError(error)}`)
      }
    },
    async close() {
      await fetch.close?.()
    },
  }
}

const tooMany = refuse('unavailable', 'too many new issuers in a minute', { retryAfterSeconds: 60 })

/** Whether one more may be looked for now. */
function createPace(services: Services): () => boolean {
  let [startedAtMs, count] = [0, 0]
  return () => {
    const nowMs = services.now()
    if (Math.abs(nowMs - startedAtMs) >= 60_000) [startedAtMs, count] = [nowMs, 0]
    count++
    return count <= discoveryLimits.perMinute
  }
}

function toOrigin(origin: string, path: string): string {
  if (checkEndpoint(origin, path).origin === origin) return origin
  throw new ConfigError(path, "expected scheme and host only, such as 'https://keys.example'")
}
