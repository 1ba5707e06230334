import { number, optional, record } from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'
import { validatorMembers } from '../../jose/index.ts'
import type { ValidatorConfig } from '../../jose/index.ts'
import { scopeKeyShape } from '../scope-claim.ts'

/** Which envelopes vouch for the message that they come with. */
export interface EnvelopeConfig extends Pick<
  ValidatorConfig,
  'issuer' | 'username' | 'keyId' | 'customClaims' | 'clockSkew' | 'algorithms' | 'signatureConfig'
> {
  /** The claim that holds the scopes: a name, or a JSON pointer; default `scope`. */
  readonly scopeKey?: string
  /**
   * How long after it was signed an envelope is accepted, in seconds; default 300. A consumer's own
   * `maxMessageAgeSeconds` must not be larger, or a copy could be accepted that waited longer than it is remembered.
   */
  readonly maxMessageAgeSeconds?: number
  /** How many envelopes of that time are remembered; default 500,000. Full, no further one is accepted. */
  readonly replayCapacity?: number
}

export const envelopeMaxAgeDefaultSeconds = 300
export const replayCapacityDefault = 500_000

export const envelopeShape: Shape<EnvelopeConfig> = record<EnvelopeConfig>({
  issuer: validatorMembers.issuer,
  username: validatorMembers.username,
  keyId: validatorMembers.keyId,
  customClaims: validatorMembers.customClaims,
  clockSkew: validatorMembers.clockSkew,
  algorithms: validatorMembers.algorithms,
  signatureConfig: validatorMembers.signatureConfig,
  scopeKey: optional(scopeKeyShape),
  maxMessageAgeSeconds: optional(number({ min: 1, max: 31 * 86_400, unit: 'seconds' })),
  replayCapacity: optional(number({ min: 1, max: 10_000_000, integer: true })),
})
