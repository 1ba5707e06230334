import { toProviderFactory } from '../auth/index.ts'
import type { ProviderFactory } from '../auth/index.ts'
import { fileUserStoreKind, mutualTlsKind } from '../listener/index.ts'
import type { FileUserStoreConfig, MutualTlsConfig } from '../listener/index.ts'

export const fileUserStore: ProviderFactory<FileUserStoreConfig> = toProviderFactory(fileUserStoreKind)
export const mutualTls: ProviderFactory<MutualTlsConfig> = toProviderFactory(mutualTlsKind)

export type { ProviderFactory } from '../auth/index.ts'
export type * from '../listener/index.ts'
