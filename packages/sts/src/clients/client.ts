import type { Awaitable } from 'barre/core'
import type { Argon2idCost } from 'barre/crypto'
import type { ClientConfig, ExchangeConfig } from '../config.ts'
import type { ClientProof } from './proofs.ts'

/** The grants of this service, by their `grant_type`. */
export const grantTypes = [
  'authorization_code',
  'client_credentials',
  'password',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'urn:ietf:params:oauth:grant-type:token-exchange',
] as const

export type GrantType = (typeof grantTypes)[number]

/** How a client proves itself; each has exactly one way. `none`: a public client, which proves nothing. */
export const authenticationMethods = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
] as const

export type AuthenticationMethod = (typeof authenticationMethods)[number]

/** A program that may ask for tokens, and all that it may ask for. */
export interface Client {
  readonly clientId: string
  readonly clientName: string
  readonly authenticationMethod: AuthenticationMethod
  readonly proof: ClientProof
  readonly grants: ReadonlySet<GrantType>
  readonly scopes: ReadonlySet<string>
  /** The services that its tokens may be for. */
  readonly audiences: ReadonlySet<string>
  readonly redirectUris: readonly string[]
  /** The services that it is. */
  readonly serves: ReadonlySet<string>
  readonly exchange: ExchangeConfig
  readonly dpopBound: boolean
  readonly certificateBound: boolean
  readonly tokenLifetimeSeconds?: number
  readonly requirePushedRequests: boolean
}

/** Where clients are kept. */
export interface ClientStore {
  /** What the hash of every secret costs: a look at a client that is not there costs as much. */
  readonly secretCost: Argon2idCost
  find(clientId: string): Awaitable<Client | undefined>
  /** Why a client like this could not be used, or nothing. */
  problemOf(config: ClientConfig): string | undefined
  close(): Promise<void>
}
