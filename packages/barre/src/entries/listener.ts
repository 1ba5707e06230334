import { toProviderFactory } from '../auth/index.ts'
import type { ProviderFactory as Factory } from '../auth/index.ts'
import * as kinds from '../listener/index.ts'
import type * as configs from '../listener/index.ts'

type Users<C> = Factory<C, configs.UserProvider>

export const envelope: Factory<configs.EnvelopeConfig> = toProviderFactory(kinds.envelopeKind)
export const fileUserStore: Users<configs.FileUserStoreConfig> = toProviderFactory(kinds.fileUserStoreKind)
export const introspection: Factory<configs.IntrospectionConfig, configs.IntrospectionProvider> =
  toProviderFactory(kinds.introspectionKind)
export const jwtIssuers: Factory<configs.JwtIssuersConfig> = toProviderFactory(kinds.jwtIssuersKind)
export const jwtListener: Factory<configs.JwtValidatorConfig> = toProviderFactory(kinds.jwtKind)
export const ldapUserStore: Users<configs.LdapUserStoreConfig> = toProviderFactory(kinds.ldapUserStoreKind)
export const mutualTls: Factory<configs.MutualTlsConfig> = toProviderFactory(kinds.mutualTlsKind)
export const preSharedKey: Factory<configs.PreSharedKeyConfig> = toProviderFactory(kinds.preSharedKeyKind)
export const userStore: Users<configs.UserStoreConfig> = toProviderFactory(kinds.userStoreKind)

export { scopeKeyShape, scopeReader } from '../listener/index.ts'
export type { ProviderFactory } from '../auth/index.ts'
export type * from '../listener/index.ts'
