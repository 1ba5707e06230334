/** The one list of source kits: a line here puts a source on every calling wire. */
export { basic } from './basic.ts'
export { bearer } from './bearer.ts'
export { clientCredentials, tokenExchange } from './oauth2.ts'
export { envelope } from './envelope.ts'
export { inferredJwt } from './inferred-jwt.ts'
export { propagate } from './propagate.ts'
export { selfSignedJwt } from './self-signed-jwt.ts'
