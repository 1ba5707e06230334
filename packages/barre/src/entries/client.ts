import { toSourceFactory, type FactoryOf } from '../auth/index.ts'
import {
  basicKind,
  bearerKind,
  grantKind,
  inferredJwtKind,
  propagateKind,
  selfSignedJwtKind,
} from '../client/index.ts'

export const basic: FactoryOf<typeof basicKind> = toSourceFactory(basicKind, 'basic')
export const bearer: FactoryOf<typeof bearerKind> = toSourceFactory(bearerKind, 'bearer')
export const inferredJwt: FactoryOf<typeof inferredJwtKind> = toSourceFactory(inferredJwtKind, 'inferredJwt')
export const oauth2: FactoryOf<typeof grantKind> = toSourceFactory(grantKind, 'oauth2')
export const propagate: FactoryOf<typeof propagateKind> = toSourceFactory(propagateKind, 'propagate')
export const selfSignedJwt: FactoryOf<typeof selfSignedJwtKind> = toSourceFactory(
  selfSignedJwtKind,
  'selfSignedJwt',
)

export type { SourceFactory, TokenSource } from '../auth/index.ts'
export type * from '../client/index.ts'
