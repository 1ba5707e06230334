import { clientCredentials } from './client-credentials.ts'
import { tokenExchange } from './token-exchange.ts'
import type { ClientStore } from '../clients/client.ts'
import type { Grant } from './grant.ts'
import type { TokenIssuer } from '../tokens/access-token.ts'
import type { TrustedIssuers } from '../trusted-issuers.ts'

export type { Grant, TokenResponse } from './grant.ts'

/** The only list of grants. */
export function createGrants(
  issuers: TrustedIssuers,
  clients: ClientStore,
  tokens: TokenIssuer,
): ReadonlyMap<string, Grant> {
  const grants = [clientCredentials(tokens), tokenExchange(issuers, clients, tokens)]
  return new Map(grants.map((grant) => [grant.type, grant]))
}
