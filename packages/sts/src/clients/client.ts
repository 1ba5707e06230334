import type { Awaitable } from 'barre/core'
import type { Argon2idCost, Argon2idHash } from 'barre/crypto'

/** The grants of this service, by their `grant_type`. */
export const grantTypes = ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'] as const

export type GrantType = (typeof grantTypes)[number]

/** How a client proves itself; each has exactly one way. */
export const authenticationMethods = ['client_secret_basic', 'client_secret_post'] as const

export type AuthenticationMethod = (typeof authenticationMethods)[number]

/** A program that may ask for tokens, and all that it may ask for. */
export interface Client {
  readonly clientId: string
  readonly secretHash: Argon2idHash
  readonly authenticationMethod: AuthenticationMethod
  readonly grants: ReadonlySet<GrantType>
  readonly scopes: ReadonlySet<string>
  /** The services that its tokens may be for. */
  readonly audiences: ReadonlySet<string>
}

/** Where clients are kept. A file's list today; a data base answers later, hence Awaitable. */
export interface ClientStore {
  /** What the hash of every secret costs: a look at a client that is not there costs as much. */
  readonly secretCost: Argon2idCost
  find(clientId: string): Awaitable<Client | undefined>
}
