import type { ProviderKit } from '../harness/kit.ts'
import { issueToken } from '../harness/tokens.ts'
import { issuer } from '../harness/world.ts'

/** Envelopes: the wires of the matrix carry no messages, so there they prove nothing. On brokers: brokers/suite.ts. */
export const envelope: ProviderKit = {
  folder: 'envelope',
  name: 'envelope',
  readsCertificate: false,
  async prepare(world) {
    const signatureConfig = { certFile: world.issuerKey.publicKey }
    const sealed = `Envelope ${await issueToken(world)}`
    const noMessage = 'without a message an envelope is not looked at'
    return {
      entry: { envelopeConfig: { issuer, signatureConfig } },
      principal: { id: `${issuer}:alice`, username: 'alice', scheme: 'Envelope' },
      asksFor: [],
      never: {
        good: noMessage,
        expired: noMessage,
        'out of scope': noMessage,
        unavailable: noMessage,
      },
      cases: [
        { outcome: 'absent', presented: {}, expect: 'missing' },
        { outcome: 'malformed', presented: { authorization: ['Envelope a b'] }, expect: 'malformed' },
        { outcome: 'invalid', presented: { authorization: [sealed] }, expect: 'invalid' },
        { outcome: 'duplicated', presented: { authorization: [sealed, sealed] }, expect: 'malformed' },
        { outcome: 'other scheme', presented: { authorization: ['Bearer abc'] }, expect: 'invalid' },
        {
          outcome: 'scheme in other case',
          presented: { authorization: [sealed.replace('Envelope', 'eNVELOPE')] },
          expect: 'invalid',
        },
      ],
    }
  },
}
