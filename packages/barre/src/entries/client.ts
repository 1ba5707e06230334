import { toSourceFactory } from '../auth/index.ts'
import type { SourceFactory, TokenSource } from '../auth/index.ts'
import { basicKind, bearerKind, inferredJwtKind, propagateKind, selfSignedJwtKind } from '../client/index.ts'
import type { BearerTokenConfig, CredentialsConfig } from '../client/index.ts'
import type { Services } from '../core/index.ts'
import type { IssuerConfig } from '../jose/index.ts'

const toInferred = toSourceFactory(inferredJwtKind, 'inferredJwt')
const toPropagated = toSourceFactory(propagateKind, 'propagate')

export const basic: SourceFactory<CredentialsConfig> = toSourceFactory(basicKind, 'basic')
export const bearer: SourceFactory<BearerTokenConfig> = toSourceFactory(bearerKind, 'bearer')
export const selfSignedJwt: SourceFactory<IssuerConfig> = toSourceFactory(selfSignedJwtKind, 'selfSignedJwt')
export const inferredJwt: SourceFactory<IssuerConfig> = (config, services) =>
  toInferred({ inferredJwtIssuerConfig: config }, services)
export const propagate = (services?: Services): TokenSource => toPropagated({ propagate: true }, services)

export type { SourceFactory, TokenSource } from '../auth/index.ts'
export type * from '../client/index.ts'
export type { IssuerConfig } from '../jose/index.ts'
