import { generateKeyPairSync } from 'node:crypto'
import type { SourceKit } from '../harness/calling-kit.ts'
import { audience } from '../harness/world.ts'
import { whoeverCalls } from './whoever-calls.ts'

/** Tokens that the client signs for itself. */
export const selfSignedJwt: SourceKit = {
  folder: 'self-signed-jwt',
  async prepare() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const names = { issuer: 'https://client.example', audience, username: 'machine' }
    return {
      auth: { ...names, signatureConfig: { algorithm: 'EdDSA', config: privateKey } },
      accepts: { jwtValidatorConfig: { ...names, signatureConfig: { certFile: publicKey } } },
      on: whoeverCalls('machine'),
      renews: true,
    }
  },
}
