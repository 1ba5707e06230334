import { authorizationCode } from './authorization-code.ts'
import { clientCredentials } from './client-credentials.ts'
import { jwtBearer } from './jwt-bearer.ts'
import { password } from './password.ts'
import { refreshToken } from './refresh-token.ts'
import { tokenExchange } from './token-exchange.ts'
import type { Grant, GrantContext } from './grant.ts'

export type { Grant, TokenResponse } from './grant.ts'

/** What a configuration offers beside what is always there. */
export interface Offer {
  readonly isDurable: boolean
  readonly hasUsers: boolean
  readonly passwordGrant: boolean
  readonly hasTrustedIssuers: boolean
}

/** The only list of grants, each with what it takes to be offered. */
export function createGrants(context: GrantContext, offer: Offer): ReadonlyMap<string, Grant> {
  const { isDurable, hasUsers, passwordGrant, hasTrustedIssuers } = offer
  const all: readonly (readonly [grant: Grant, isOffered: boolean])[] = [
    [authorizationCode(context), isDurable && hasUsers],
    [clientCredentials(context), true],
    [password(context), passwordGrant && hasUsers],
    [refreshToken(context), isDurable],
    [jwtBearer(context), hasTrustedIssuers],
    [tokenExchange(context), true],
  ]
  return new Map(all.filter(([, isOffered]) => isOffered).map(([grant]) => [grant.type, grant]))
}
