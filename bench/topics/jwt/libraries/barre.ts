import { createServices } from 'barre/auth'
import { createValidator, validatorShape } from 'barre/jose'
import type { Issued } from '../tokens.ts'
import type { Library, Verify } from './library.ts'

export const barre: Library = {
  name: 'barre',
  toVerify: (issued) => toValidator(issued),
  toCachedVerify: (issued, entries) => toValidator(issued, { capacity: entries }),
}

function toValidator({ issuer, audience, algorithm, jwk, secret }: Issued, cacheConfig = {}): Verify {
  const signatureConfig = jwk === undefined ? { secret } : { jwksConfig: { jwks: { keys: [jwk] } } }
  const config = validatorShape.check(
    { issuer, audience, algorithms: [algorithm], signatureConfig, cacheConfig },
    'config',
  )
  const validator = createValidator(config, createServices(), 'config')
  return (token) => {
    const outcome = validator.validate(token)
    return 'ok' in outcome ? outcome.ok : outcome.then(({ ok }) => ok)
  }
}
