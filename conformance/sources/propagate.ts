import type { SourceKit } from '../harness/calling-kit.ts'
import { audience, issuer } from '../harness/world.ts'

/** The caller's own token, passed on. */
export const propagate: SourceKit = {
  folder: 'propagate',
  async prepare(world) {
    const signatureConfig = { certFile: world.issuerKey.publicKey }
    return {
      auth: { propagate: true },
      accepts: { jwtValidatorConfig: { issuer, audience, username: 'alice', signatureConfig } },
      on: {
        nobody: { without: 'missing' },
        'a caller with a token': { as: 'alice' },
        'a caller without a token': { without: 'missing' },
        'a caller whose token is bound to a key': { without: 'invalid' },
        'a caller whose credential has ended': { without: 'expired' },
      },
      renews: false,
    }
  },
}
