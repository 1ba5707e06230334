import type { Awaitable } from 'barre/core'
import type { Client, GrantType } from '../clients/client.ts'
import type { Form } from '../form.ts'
import type { Outcome } from '../oauth-error.ts'

/** A token request of an authenticated client that may use the grant. */
interface TokenRequest {
  readonly client: Client
  readonly form: Form
}

/** A successful answer (RFC 6749 §5.1, RFC 8693 §2.2.1), in its own field names. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope?: string
  readonly issued_token_type?: string
}

/** One way to obtain a token: a file of its own, and a line in `index.ts`. */
export interface Grant {
  readonly type: GrantType
  answer(request: TokenRequest): Awaitable<Outcome<TokenResponse>>
}
