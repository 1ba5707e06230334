import { importJWK, jwtVerify } from 'jose'
import type { Library } from './library.ts'

export const jose: Library = {
  name: 'jose',
  async toVerify({ issuer, audience, algorithm, jwk, secret }) {
    const key =
      jwk === undefined ? new TextEncoder().encode(secret) : await importJWK(jwk as object, algorithm)
    const options = { issuer, audience, algorithms: [algorithm], requiredClaims: ['exp'] }
    return (token) =>
      jwtVerify(token, key, options).then(
        () => true,
        () => false,
      )
  },
}
