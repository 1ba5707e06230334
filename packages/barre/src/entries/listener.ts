import { toProviderFactory } from '../auth/index.ts'
import type { ProviderFactory } from '../auth/index.ts'
import { fileUserStoreKind, introspectionKind, jwtKind, mutualTlsKind } from '../listener/index.ts'
import type {
  FileUserStoreConfig,
  IntrospectionConfig,
  IntrospectionProvider,
  JwtValidatorConfig,
  MutualTlsConfig,
} from '../listener/index.ts'

export const fileUserStore: ProviderFactory<FileUserStoreConfig> = toProviderFactory(fileUserStoreKind)
export const introspection: ProviderFactory<IntrospectionConfig, IntrospectionProvider> =
  toProviderFactory(introspectionKind)
export const jwtListener: ProviderFactory<JwtValidatorConfig> = toProviderFactory(jwtKind)
export const mutualTls: ProviderFactory<MutualTlsConfig> = toProviderFactory(mutualTlsKind)

export { scopeKeyShape, scopeReader } from '../listener/index.ts'
export type { ProviderFactory } from '../auth/index.ts'
export type * from '../listener/index.ts'
