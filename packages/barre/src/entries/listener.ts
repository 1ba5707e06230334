import { toProviderFactory } from '../auth/index.ts'
import type { ProviderFactory } from '../auth/index.ts'
import * as kinds from '../listener/index.ts'
import type * as configs from '../listener/index.ts'

export const envelope: ProviderFactory<configs.EnvelopeConfig> = toProviderFactory(kinds.envelopeKind)
export const fileUserStore: ProviderFactory<configs.FileUserStoreConfig, configs.UserProvider> =
  toProviderFactory(kinds.fileUserStoreKind)
export const introspection: ProviderFactory<configs.IntrospectionConfig, configs.IntrospectionProvider> =
  toProviderFactory(kinds.introspectionKind)
export const jwtIssuers: ProviderFactory<configs.JwtIssuersConfig> = toProviderFactory(kinds.jwtIssuersKind)
export const jwtListener: ProviderFactory<configs.JwtValidatorConfig> = toProviderFactory(kinds.jwtKind)
export const ldapUserStore: ProviderFactory<configs.LdapUserStoreConfig, configs.UserProvider> =
  toProviderFactory(kinds.ldapUserStoreKind)
export const mutualTls: ProviderFactory<configs.MutualTlsConfig> = toProviderFactory(kinds.mutualTlsKind)
export const userStore: ProviderFactory<configs.UserStoreConfig, configs.UserProvider> = toProviderFactory(
  kinds.userStoreKind,
)

export { scopeKeyShape, scopeReader } from '../listener/index.ts'
export type { ProviderFactory } from '../auth/index.ts'
export type * from '../listener/index.ts'
