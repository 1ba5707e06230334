import { ConfigError } from './config-error.ts'
import { refuse } from './denial.ts'
import { authorize } from './guard.ts'
import type { Denial } from './denial.ts'
import type { Principal } from './principal.ts'
import type { Rules } from './rules.ts'
import type { Alternative, Scopes } from './policy.ts'

/**
 * What a part of something larger demands of its caller, who is known by then: a message on an open connection, a
 * field of a query.
 */
export interface Demand {
  /** Whether nobody is fine too. */
  readonly isOpen: boolean
  readonly scopes?: Scopes
  /** As an entry's (RFC 9470). */
  readonly stepUp?: Alternative['stepUp']
}

/** What a part says: `false` nothing is demanded, `true` a principal. */
export type PartAuth =
  | boolean
  | { readonly scopes: Scopes; readonly optional?: boolean }
  | { readonly scopes?: Scopes; readonly optional: boolean }

/**
 * Compiles what a part says: `false` opens it, `true` asks for a principal, a record is a resource's `auth`. Throws
 * ConfigError that names `path`, for a list of entries too: who is calling was decided for the whole.
 */
export function toDemand(rules: Rules, auth: unknown, path: string): Demand {
  if (auth === false) return { isOpen: true }
  if (Array.isArray(auth)) {
    throw new ConfigError(
      path,
      'expected true, false, { scopes }, { stepUp } or { optional }; a part has no entries of its own',
    )
  }
  const policy = rules.policyFor(auth === true ? undefined : auth, path)
  if (policy === undefined) {
    throw new ConfigError(path, 'this demand needs entries, and the service declares no auth')
  }
  // What the part says itself; the entries' own demands were fulfilled for the whole.
  const { scopes, stepUp } = Object(auth) as { readonly scopes?: Scopes; readonly stepUp?: unknown }
  return {
    isOpen: policy.optional,
    ...(scopes !== undefined && { scopes }),
    ...(stepUp !== undefined && { stepUp: policy.alternatives[0]?.stepUp }),
  }
}

/** Why a caller does not meet a demand; nothing where they do. */
export function meet(demand: Demand, principal: Principal | undefined): Denial | undefined {
  if (principal !== undefined) return authorize(principal, demand.scopes) ?? demand.stepUp?.(principal)
  return demand.isOpen ? undefined : refuse('missing', 'nobody has authenticated').denial
}
