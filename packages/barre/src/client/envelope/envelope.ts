import { createHash } from 'node:crypto'
import { chain, ConfigError, ok, record, refuse, Secret } from '../../core/index.ts'
import type { CredentialSource, Services, SourceKind } from '../../core/index.ts'
import { createIssuer, issuerShape } from '../../jose/index.ts'
import type { IssuerConfig } from '../../jose/index.ts'

/** Who signs envelopes: the fields of an issuer, less those that each message fills in. */
export type EnvelopeIssuerConfig = Omit<IssuerConfig, 'audience' | 'jwtId' | 'profile' | 'encryptionConfig'>

export interface EnvelopeSourceConfig {
  readonly envelopeConfig: EnvelopeIssuerConfig
}

/** `auth: { envelopeConfig: { issuer, username, signatureConfig, ... } }` */
export const envelopeSourceKind: SourceKind<'envelopeConfig', EnvelopeSourceConfig> = {
  key: 'envelopeConfig',
  shape: record<EnvelopeSourceConfig>({ envelopeConfig: issuerShape }),
  create: ({ envelopeConfig }, services, path) =>
    createEnvelopeSource(envelopeConfig, services, `${path}.envelopeConfig`),
}

/** The `typ` of an envelope: nobody takes it for an access token. */
const envelopeType = 'message+jwt'
const idBytes = 16

const filledIn = ['audience', 'jwtId', 'profile', 'encryptionConfig'] as const

/** Signs each message by itself: its body, its target, and a name that no other envelope has. */
function createEnvelopeSource(config: IssuerConfig, services: Services, path: string): CredentialSource {
  for (const field of filledIn) {
    if (config[field] !== undefined)
      throw new ConfigError(`${path}.${field}`, 'each envelope has its own; remove it')
  }
  const issuer = createIssuer(config, services, path, envelopeType)
  return {
    credential(need) {
      if (need.payload === undefined)
        return refuse('invalid', 'an envelope vouches for a message, and this is none')
      const digest = createHash('sha256').update(need.payload()).digest('base64url')
      const jti = Buffer.from(services.random(idBytes)).toString('base64url')
      return chain(issuer.issue({ audience: need.target, claims: { jti, digest } }), (signed) =>
        ok({ kind: 'token', scheme: 'Envelope', token: new Secret(signed) }),
      )
    },
  }
}
