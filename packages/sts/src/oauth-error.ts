import type { Denial } from 'barre/core'

/** What may go wrong, with its status (RFC 6749 §5.2, 7009, 7591, 8693, 9126, 9449). A closed set. */
const statusOf = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  access_denied: 400,
  invalid_token: 401,
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  temporarily_unavailable: 503,
  server_error: 500,
} as const

export type OAuthErrorCode = keyof typeof statusOf

/** An expected refusal of a request. */
export interface OAuthRefusal {
  readonly error: OAuthErrorCode
  /** For the client's developer: names what was wrong, never a value that was sent. */
  readonly description: string
  readonly status: number
  /** For our log only. */
  readonly detail?: string
  readonly retryAfterSeconds?: number
}

/** An expected outcome of a request. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: OAuthRefusal }

type More = Partial<Pick<OAuthRefusal, 'status' | 'detail' | 'retryAfterSeconds'>>

/** A refusal as an outcome. `status` differs from the code's own only where HTTP has a better one (405, 413). */
export function refuse(
  error: OAuthErrorCode,
  description: string,
  more: More = {},
): { readonly ok: false; readonly refusal: OAuthRefusal } {
  return { ok: false, refusal: { error, description, status: statusOf[error], ...more } }
}

/** Phrases a denial; `error`: what the grant calls a token or password that is wrong. Why, is for our log. */
export function fromDenial(
  denial: Denial,
  description: string,
  error: OAuthErrorCode = 'invalid_request',
): { readonly ok: false; readonly refusal: OAuthRefusal } {
  const { code, retryAfterSeconds } = denial
  const more = {
    detail: `${code}: ${denial.detail}`,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  }
  if (code === 'throttled')
    return refuse('temporarily_unavailable', 'Try again later.', { status: 429, ...more })
  if (code === 'unavailable') return refuse('temporarily_unavailable', 'Try again later.', more)
  return refuse(error, description, more)
}
