import { toSourceFactory } from '../auth/index.ts'
import type { SourceFactory } from '../auth/index.ts'
import { basicKind, bearerKind, propagateKind } from '../client/index.ts'
import type { BearerTokenConfig, CredentialsConfig, PropagateConfig } from '../client/index.ts'

export const basic: SourceFactory<CredentialsConfig> = toSourceFactory(basicKind, 'basic')
export const bearer: SourceFactory<BearerTokenConfig> = toSourceFactory(bearerKind, 'bearer')
export const propagate: SourceFactory<PropagateConfig> = toSourceFactory(propagateKind, 'propagate')

export type { SourceFactory, TokenSource } from '../auth/index.ts'
export type * from '../client/index.ts'
