import { allowQueryToken, optional, record } from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'
import { validatorMembers } from '../../jose/index.ts'
import type { ValidatorConfig } from '../../jose/index.ts'
import { dpopShape } from '../proof-of-possession/config.ts'
import type { DpopConfig } from '../proof-of-possession/config.ts'
import { scopeKeyShape } from '../scope-claim.ts'
import { queryTokenShape } from '../token-carrier.ts'
import type { CarrierOptions } from '../token-carrier.ts'

/** Which tokens let a caller in. */
export interface JwtValidatorConfig extends ValidatorConfig, CarrierOptions {
  /** The claim that holds the scopes: a name, or a JSON pointer such as `/realm_access/roles`; default `scope`. */
  readonly scopeKey?: string
  /** Accept tokens that are bound to a key, with proofs (RFC 9449). Absent: they are refused. */
  readonly dpopConfig?: DpopConfig
}

export const jwtValidatorShape: Shape<JwtValidatorConfig> = record<JwtValidatorConfig>({
  ...validatorMembers,
  scopeKey: optional(scopeKeyShape),
  dpopConfig: optional(dpopShape),
  [allowQueryToken]: queryTokenShape,
})
