import { createVerifier } from 'fast-jwt'
import type { Issued } from '../tokens.ts'
import type { Library, Verify } from './library.ts'

const cacheTtlMs = 3_600_000

export const fastJwt: Library = {
  name: 'fast-jwt',
  toVerify: (issued) => toVerifier(issued, false),
  toCachedVerify: (issued, entries) => toVerifier(issued, entries),
}

function toVerifier(issued: Issued, cache: number | false): Verify {
  const { issuer, audience, algorithm, pem, secret } = issued
  const verify = createVerifier({
    key: pem ?? String(secret),
    algorithms: [algorithm],
    allowedIss: issuer,
    allowedAud: audience,
    requiredClaims: ['exp'],
    cache,
    cacheTTL: cacheTtlMs,
  })
  return (token) => {
    try {
      verify(token)
      return true
    } catch {
      return false
    }
  }
}
