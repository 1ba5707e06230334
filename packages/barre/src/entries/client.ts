import { toSourceFactory, type SourceFactory } from '../auth/index.ts'
import {
  basicKind,
  bearerKind,
  grantKind,
  inferredJwtKind,
  propagateKind,
  selfSignedJwtKind,
} from '../client/index.ts'
import type * as of from '../client/index.ts'
import type { IssuerConfig } from '../jose/index.ts'

export const basic: SourceFactory<of.CredentialsConfig> = toSourceFactory(basicKind, 'basic')
export const bearer: SourceFactory<of.BearerTokenConfig> = toSourceFactory(bearerKind, 'bearer')
export const inferredJwt: SourceFactory<of.InferredJwtConfig> = toSourceFactory(
  inferredJwtKind,
  'inferredJwt',
)
export const oauth2: SourceFactory<of.GrantConfig> = toSourceFactory(grantKind, 'oauth2')
export const propagate: SourceFactory<of.PropagateConfig> = toSourceFactory(propagateKind, 'propagate')
export const selfSignedJwt: SourceFactory<IssuerConfig> = toSourceFactory(selfSignedJwtKind, 'selfSignedJwt')

export type { SourceFactory, TokenSource } from '../auth/index.ts'
export type * from '../client/index.ts'
