import { flag, instance, list, number, oneOf, optional, record, secret } from '../../core/index.ts'
import type { ReplayStore, Secret, Shape } from '../../core/index.ts'
import { jwsAlgorithmNames } from '../../jose/index.ts'
import type { JwsAlgorithm } from '../../jose/index.ts'

/** How old a proof may be unless the configuration says otherwise, in seconds. */
export const proofMaxAgeDefaultSeconds = 60
/** For how long a nonce is handed out unless the configuration says otherwise, in seconds. */
export const nonceLifetimeDefaultSeconds = 60

/** What proofs of DPoP-bound tokens must be (RFC 9449). The wire needs `publicOrigin`: proofs name the URL. */
export interface DpopConfig {
  /** Refuse tokens that are bound to no key; default false. */
  readonly required?: boolean
  /** The signature algorithms of proofs; default: all asymmetric ones but ML-DSA, whose proofs are too long. */
  readonly algorithms?: readonly JwsAlgorithm[]
  /** How old a proof may be, in seconds; default 60. */
  readonly proofMaxAgeSeconds?: number
  /** Ask for nonces of ours in proofs (RFC 9449 §9): proofs cannot then be made in advance. */
  readonly nonces?: DpopNonceConfig
  /** Where used proofs are remembered; default: in this process. */
  readonly replayStore?: ReplayStore
}

/** Nonces are computed, not stored. */
export interface DpopNonceConfig {
  /** For how long one is handed out, in seconds; it is accepted for as long again. Default 60. */
  readonly lifetimeSeconds?: number
  /** At least 32 bytes that the members of a fleet share, so that each accepts the others' nonces. Default: random. */
  readonly secret?: string | Secret
}

export const asymmetricAlgorithms: readonly JwsAlgorithm[] = jwsAlgorithmNames.filter(
  (name) => !name.startsWith('HS'),
)

const replayStoreShape: Shape<ReplayStore> = instance(
  'a ReplayStore: an object with a method add',
  (value): value is ReplayStore =>
    typeof value === 'object' && value !== null && typeof (value as Partial<ReplayStore>).add === 'function',
)

export const dpopShape: Shape<DpopConfig> = record<DpopConfig>({
  required: optional(flag()),
  algorithms: optional(list(oneOf(...asymmetricAlgorithms), 1)),
  proofMaxAgeSeconds: optional(number({ min: 1, max: 600, unit: 'seconds' })),
  nonces: optional(
    record<DpopNonceConfig>({
      lifetimeSeconds: optional(number({ min: 1, max: 600, unit: 'seconds' })),
      secret: optional(secret()),
    }),
  ),
  replayStore: optional(replayStoreShape),
})
