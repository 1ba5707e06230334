import type { Provider, ProviderKind, Scopes, SourceKind } from '../core/index.ts'
import type * as providerKinds from './provider-kinds.ts'
import type * as sourceKinds from './source-kinds.ts'
import type { StepUp } from './step-up.ts'

type ListedProvider = (typeof providerKinds)[keyof typeof providerKinds]
type ListedSource = (typeof sourceKinds)[keyof typeof sourceKinds]

/** Every way to name a provider in an entry: a kind's key, or `provider` for one made by the program. */
type Way = ListedProvider['key'] | 'provider'

/** A record that has the member `Name` and none of its rivals. */
type Only<Name extends string, Value, Rivals extends string> = { readonly [K in Name]: Value } & {
  readonly [K in Exclude<Rivals, Name>]?: never
}

type ByKind<Kind, Rivals extends string> =
  Kind extends ProviderKind<infer Key, infer Config> ? Only<Key, Config, Rivals> : never

/** One provider: `{ jwtValidatorConfig: {...} }` and the like, or `{ provider }`. */
type OneProvider<Rivals extends string> = ByKind<ListedProvider, Rivals> | Only<'provider', Provider, Rivals>

/** Which scopes let a caller in: any one of a list, or with `all` every one. */
interface Demand {
  readonly scopes?: Scopes
  /** How strong and recent the caller's login must have been (RFC 9470). */
  readonly stepUp?: StepUp
}

/** One entry of an `auth` list: exactly one way to prove who is calling, and the scopes that it needs. */
export type ListenerAuthConfig = (
  | OneProvider<Way | 'all'>
  | Only<'all', readonly OneProvider<Way | 'all' | 'scopes' | 'stepUp'>[], Way | 'all'>
) &
  Demand

/** A service's `auth`: entries are tried in order. */
export type AuthConfig = readonly ListenerAuthConfig[]

/**
 * What a resource says about `auth`: `false` opens it, a record keeps the service's entries and changes their scopes,
 * asks for a stronger login or lets anonymous callers in too, a list replaces the service's. A resource that says
 * nothing gets the service's.
 */
export type ResourceAuth =
  | false
  | { readonly scopes: Scopes; readonly stepUp?: StepUp; readonly optional?: boolean }
  | { readonly scopes?: Scopes; readonly stepUp: StepUp; readonly optional?: boolean }
  | { readonly scopes?: Scopes; readonly stepUp?: StepUp; readonly optional: boolean }
  | AuthConfig

type BySource<Source, Rivals extends string> =
  Source extends SourceKind<string, infer Config> ? Alone<Config, Rivals> : never

/** Each form of a configuration without the members of its rivals. */
type Alone<Config, Rivals extends string> = Config extends unknown
  ? Config & { readonly [K in Exclude<Rivals, keyof Config>]?: never }
  : never

/** A client's `auth`: which kind it is shows by its fields. */
export type ClientAuthConfig = BySource<ListedSource, ListedSource['key']>
