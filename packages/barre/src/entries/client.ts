import { toSourceFactory } from '../auth/index.ts'
import type { SourceFactory } from '../auth/index.ts'
import { basicKind, bearerKind, inferredJwtKind, propagateKind, selfSignedJwtKind } from '../client/index.ts'
import type {
  BearerTokenConfig,
  CredentialsConfig,
  InferredJwtConfig,
  PropagateConfig,
} from '../client/index.ts'
import type { IssuerConfig } from '../jose/index.ts'

export const basic: SourceFactory<CredentialsConfig> = toSourceFactory(basicKind, 'basic')
export const bearer: SourceFactory<BearerTokenConfig> = toSourceFactory(bearerKind, 'bearer')
export const inferredJwt: SourceFactory<InferredJwtConfig> = toSourceFactory(inferredJwtKind, 'inferredJwt')
export const propagate: SourceFactory<PropagateConfig> = toSourceFactory(propagateKind, 'propagate')
export const selfSignedJwt: SourceFactory<IssuerConfig> = toSourceFactory(selfSignedJwtKind, 'selfSignedJwt')

export type { SourceFactory, TokenSource } from '../auth/index.ts'
export type * from '../client/index.ts'
