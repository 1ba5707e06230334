import { toSourceFactory, type SourceFactory } from '../auth/index.ts'
import * as client from '../client/index.ts'
import type { IssuerConfig } from '../jose/index.ts'

export const basic: SourceFactory<client.CredentialsConfig> = toSourceFactory(client.basicKind, 'basic')
export const bearer: SourceFactory<client.BearerTokenConfig> = toSourceFactory(client.bearerKind, 'bearer')
export const inferredJwt: SourceFactory<client.InferredJwtConfig> = toSourceFactory(
  client.inferredJwtKind,
  'inferredJwt',
)
export const oauth2: SourceFactory<client.GrantConfig> = toSourceFactory(client.grantKind, 'oauth2')
export const propagate: SourceFactory<client.PropagateConfig> = toSourceFactory(
  client.propagateKind,
  'propagate',
)
export const selfSignedJwt: SourceFactory<IssuerConfig> = toSourceFactory(
  client.selfSignedJwtKind,
  'selfSignedJwt',
)

export type { SourceFactory, TokenSource } from '../auth/index.ts'
export type * from '../client/index.ts'
