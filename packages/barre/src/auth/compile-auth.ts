import { ConfigError, flag, isRecord, optional, record } from '../core/index.ts'
import type { Alternative, Policy, Rules, Scopes, Services } from '../core/index.ts'
import { compileEntries } from './entry.ts'
import type { AuthConfig } from './auth-config.ts'
import type { Providers } from './entry.ts'
import { scopesShape } from './scopes.ts'
import { stepUpShape, toStepUpCheck } from './step-up.ts'
import type { StepUp } from './step-up.ts'

/**
 * Compiles a service's `auth` into what its transport asks. `undefined` and `false` declare none: resources are
 * then open unless they bring their own entries. Throws ConfigError that names the field below `path`.
 */
export function compileAuth(auth: AuthConfig | false | undefined, services: Services, path = 'auth'): Rules {
  const providers: Providers = { services, made: [], given: new Set() }
  try {
    const declared = auth === undefined || auth === false ? undefined : compileEntries(auth, providers, path)
    return toRules(declared, providers)
  } catch (error) {
    // The error at hand matters more than one from closing what was half built.
    closeAll(providers).catch(() => undefined)
    throw error
  }
}

/**
 * Rules that check demands and let nobody in: for the parts of a whole whose own rules have decided who is calling.
 */
export function demandsOnly(services: Services): Rules {
  const provider = { schemes: [], read: () => undefined, verify: unasked, challenges: () => [] }
  return compileAuth([{ provider }], services)
}

function unasked(): never {
  throw new TypeError('rules for demands let nobody in')
}

function toRules(declared: readonly Alternative[] | undefined, providers: Providers): Rules {
  const servicePolicy = declared && toPolicy(declared, false)
  return {
    policyFor(auth, path) {
      if (auth === undefined) return servicePolicy
      if (auth === false) return undefined
      if (Array.isArray(auth)) return toPolicy(compileEntries(auth, providers, path), false)
      return adapt(auth, declared, providers.services, path)
    },
    get needsClientCertificate() {
      return everyProvider(providers).some((provider) => provider.needsClientCertificate === true)
    },
    get needsPreSharedKey() {
      return everyProvider(providers).some((provider) => provider.needsPreSharedKey === true)
    },
    get needsPublicOrigin() {
      return everyProvider(providers).some((provider) => provider.needsPublicOrigin === true)
    },
    ready: () => everyProvider(providers).every((provider) => provider.ready?.() ?? true),
    close: () => closeAll(providers),
  }
}

interface Adaptation {
  readonly scopes?: Scopes
  readonly stepUp?: StepUp
  readonly optional?: boolean
}

const adaptationShape = record<Adaptation>({
  scopes: optional(scopesShape),
  stepUp: optional(stepUpShape),
  optional: optional(flag()),
})

/** The service's entries with a resource's own demands, or open to anonymous callers too. */
function adapt(
  auth: unknown,
  declared: readonly Alternative[] | undefined,
  services: Services,
  path: string,
): Policy {
  if (!isRecord(auth)) {
    throw new ConfigError(path, 'expected false, { scopes }, { stepUp }, { optional } or a list of entries')
  }
  const { scopes, stepUp, optional: isOptional = false } = adaptationShape.check(auth, path)
  // `{}` and `scopes: undefined` come from slips; neither may read as "no scopes needed".
  const isSlip = Object.entries(auth).some(([name, value]) => name !== 'optional' && value === undefined)
  if (Object.keys(auth).length === 0 || isSlip) {
    throw new ConfigError(path, 'expected scopes, stepUp or optional, found none')
  }
  if (declared === undefined) {
    throw new ConfigError(path, 'these demands need entries, and the service declares no auth')
  }
  const demands = {
    ...(scopes !== undefined && { scopes }),
    ...(stepUp !== undefined && { stepUp: toStepUpCheck(stepUp, services) }),
  }
  const alternatives = declared.map((entry) => Object.freeze({ ...entry, ...demands }))
  return toPolicy(alternatives, isOptional)
}

function toPolicy(alternatives: readonly Alternative[], isOptional: boolean): Policy {
  return Object.freeze({ alternatives, optional: isOptional })
}

function everyProvider(providers: Providers): readonly Alternative['provider'][] {
  return [...providers.made.map((known) => known.provider), ...providers.given]
}

async function closeAll(providers: Providers): Promise<void> {
  await Promise.all(providers.made.splice(0).map(async ({ provider }) => provider.close?.()))
}
