import type { Denial, Reply } from './denial.ts'
import type { Principal } from './principal.ts'
import type { Provider } from './provider.ts'

/** Which scopes are enough: any one of a list, or with `all` every one. */
export type Scopes = string | readonly string[] | { readonly all: readonly string[] }

/** One entry of an `auth` list, ready to decide. */
export interface Alternative {
  readonly provider: Provider
  readonly scopes?: Scopes
  /** The refusal of a principal whose authentication was too weak or too long ago (RFC 9470), or nothing. */
  readonly stepUp?: (principal: Principal) => Denial | undefined
  /** Where the entry stands in the configuration (`auth[1]`), for decision records. */
  readonly entry: string
}

/** What a resource demands: any of the alternatives; with `optional` an anonymous caller is fine too. */
export interface Policy {
  readonly alternatives: readonly Alternative[]
  readonly optional: boolean
}

/** The answer to a call. A refusal names the entry that decided, and brings the challenges of all entries. */
export type Decision =
  | { readonly ok: true; readonly principal?: Principal; readonly entry?: string; readonly reply: Reply }
  | Refusal

export interface Refusal {
  readonly ok: false
  readonly denial: Denial
  readonly entry?: string
  readonly challenges: readonly string[]
  readonly reply: Reply
}
