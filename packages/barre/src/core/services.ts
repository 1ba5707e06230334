import type { ClientConfiguration } from './client-configuration.ts'
import type { CredentialSource } from './credential-source.ts'
import type { Provider } from './provider.ts'
import type { Revocations } from './revocations.ts'
import type { Shape } from './shape.ts'
import type { SharedInstances } from './shared-instances.ts'

/**
 * An HTTP exchange, with the signature of the global `fetch`. Redirects are never followed unless
 * `init.redirect` asks.
 */
export interface Fetch {
  (url: string | URL, init?: RequestInit): Promise<Response>
  /** Ends its idle connections now and the others with their answer; later calls are refused. */
  close?(): Promise<void>
}

/**
 * For URLs that callers gave us: connections are opened to public addresses only, and to those named here. Looked at
 * where the connection is made, so that no name can change its address in between.
 */
export interface EgressGuard {
  /** Addresses and CIDR ranges that are not public and allowed nevertheless. */
  readonly allowedAddresses?: readonly string[]
}

/** Where operators read: any pino-style logger fits. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * All that a provider or a source takes from the outside world. Tests pass their own clock, randomness and
 * network.
 */
export interface Services {
  /** Milliseconds since the epoch. */
  now(): number
  random(bytes: number): Uint8Array
  /**
   * A `fetch` with this TLS material, these time-outs and (where `auth` is set) this identity; under `egressGuard`
   * where its URLs are not from the configuration.
   */
  fetchFor(config: ClientConfiguration, path: string, egressGuard?: EgressGuard): Fetch
  /** Compiles a client `auth` record; throws ConfigError that names `path`. */
  credentialSource(auth: unknown, path: string): CredentialSource
  readonly log: Log
  readonly revocations: Revocations
  /** What is shared among all that has the same configuration and these services. */
  readonly shared: SharedInstances
}

/**
 * A way to be configured: the field that selects it, the shape of its configuration, and how to build it.
 * `ProviderKind` is the listening side (`key` names the member that holds the configuration, as in `{
 * jwtValidatorConfig: {...} }`).
 */
export interface ProviderKind<K extends string, C, P extends Provider = Provider> {
  readonly key: K
  readonly shape: Shape<C>
  create(config: C, services: Services, path: string): P
}

/** The calling side: `key` is the member whose presence selects the kind; `create` gets the whole record. */
export interface SourceKind<K extends string, C> {
  readonly key: K
  readonly shape: Shape<C>
  create(config: C, services: Services, path: string): CredentialSource
}
