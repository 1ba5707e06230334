import { optional, record } from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'
import { validatorMembers } from '../../jose/index.ts'
import type { ValidatorConfig } from '../../jose/index.ts'
import { scopeKeyShape } from '../scope-claim.ts'

/** Which tokens let a caller in. */
export interface JwtValidatorConfig extends ValidatorConfig {
  /** The claim that holds the scopes: a name, or a JSON pointer such as `/realm_access/roles`; default `scope`. */
  readonly scopeKey?: string
}

export const jwtValidatorShape: Shape<JwtValidatorConfig> = record<JwtValidatorConfig>({
  ...validatorMembers,
  scopeKey: optional(scopeKeyShape),
})
