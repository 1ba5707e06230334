import { createPublicKey, createSecretKey } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import type { Library } from './library.ts'

export const jsonWebToken: Library = {
  name: 'jsonwebtoken',
  algorithms: ['RS256', 'PS256', 'ES256', 'HS256'],
  toVerify({ issuer, audience, algorithm, pem, secret }) {
    const key = pem === undefined ? createSecretKey(Buffer.from(String(secret))) : createPublicKey(pem)
    const options = { issuer, audience, algorithms: [algorithm as 'RS256'] }
    return (token) => {
      try {
        jsonwebtoken.verify(token, key, options)
        return true
      } catch {
        return false
      }
    }
  },
}
