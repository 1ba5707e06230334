import type { Awaitable, Services } from 'barre/core'
import type { Client, ClientStore, GrantType } from '../clients/client.ts'
import type { Form } from '../form.ts'
import type { Outcome } from '../oauth-error.ts'
import type { Store } from '../store/index.ts'
import type { Confirmation, TokenIssuer } from '../tokens/access-token.ts'
import type { OwnTokens } from '../tokens/own-tokens.ts'
import type { RefreshTokens } from '../tokens/refresh-tokens.ts'
import type { TrustedIssuers } from '../trusted-issuers.ts'
import type { Users } from '../users.ts'

/** A token request of an authenticated client that may use the grant. */
export interface TokenRequest {
  readonly client: Client
  readonly form: Form
  /** What the new tokens are bound to. */
  readonly confirmation?: Confirmation
  /** Where the request came from. */
  readonly address?: string
}

/** A successful answer (RFC 6749 §5.1, RFC 8693 §2.2.1), in its own field names. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer' | 'DPoP'
  readonly expires_in: number
  readonly refresh_token?: string
  readonly scope?: string
  readonly issued_token_type?: string
}

/** One way to obtain a token: a file of its own, and a line in `index.ts`. */
export interface Grant {
  readonly type: GrantType
  answer(request: TokenRequest): Awaitable<Outcome<TokenResponse>>
}

/** What grants are made of. */
export interface GrantContext {
  readonly issuers: TrustedIssuers
  readonly clients: ClientStore
  readonly tokens: TokenIssuer
  readonly ownTokens: OwnTokens
  readonly refreshTokens: RefreshTokens
  readonly store: Store
  readonly users?: Users | undefined
  readonly services: Pick<Services, 'now'>
}
