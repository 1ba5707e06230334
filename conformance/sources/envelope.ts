import type { SourceKit } from '../harness/calling-kit.ts'
import { issuer } from '../harness/world.ts'

/** Envelopes: a call that is no message gets none. On brokers: brokers/suite.ts. */
export const envelope: SourceKit = {
  folder: 'envelope',
  prepare(world) {
    const { privateKey, publicKey } = world.issuerKey
    const never = { without: 'invalid' } as const
    return Promise.resolve({
      auth: {
        envelopeConfig: {
          issuer,
          username: 'machine',
          signatureConfig: { algorithm: 'ES256', config: privateKey },
        },
      },
      accepts: { envelopeConfig: { issuer, signatureConfig: { certFile: publicKey } } },
      on: {
        nobody: never,
        'a caller with a token': never,
        'a caller without a token': never,
        'a caller whose token is bound to a key': never,
        'a caller whose credential has ended': never,
      },
      renews: 'never sent',
    })
  },
}
