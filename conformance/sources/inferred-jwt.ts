import { generateKeyPairSync } from 'node:crypto'
import type { SourceKit } from '../harness/calling-kit.ts'
import { audience } from '../harness/world.ts'

/** Tokens that the client signs in the name of its caller. */
export const inferredJwt: SourceKit = {
  folder: 'inferred-jwt',
  async prepare() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const names = { issuer: 'https://gateway.example', audience }
    const signatureConfig = { algorithm: 'EdDSA', config: privateKey } as const
    return {
      auth: { inferredJwtIssuerConfig: { ...names, signatureConfig } },
      accepts: { jwtValidatorConfig: { ...names, signatureConfig: { certFile: publicKey } } },
      on: {
        nobody: { without: 'missing' },
        'a caller with a token': { as: 'alice' },
        'a caller without a token': { as: 'alice' },
        'a caller whose token is bound to a key': { as: 'alice' },
        'a caller whose credential has ended': { without: 'expired' },
      },
      renews: true,
    }
  },
}
