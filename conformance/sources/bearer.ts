import type { SourceKit } from '../harness/calling-kit.ts'
import { issueToken } from '../harness/tokens.ts'
import { audience, issuer } from '../harness/world.ts'
import { whoeverCalls } from './whoever-calls.ts'

/** A token that somebody else obtained. */
export const bearer: SourceKit = {
  folder: 'bearer',
  async prepare(world) {
    const signatureConfig = { certFile: world.issuerKey.publicKey }
    return {
      auth: { token: await issueToken(world, { username: 'machine' }) },
      accepts: { jwtValidatorConfig: { issuer, audience, username: 'machine', signatureConfig } },
      on: whoeverCalls('machine'),
      renews: false,
    }
  },
}
