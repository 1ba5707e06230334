import type { Denial } from 'barre/core'

/** What may go wrong at the token endpoint, with its status (RFC 6749 §5.2, RFC 8693 §2.2.2). A closed set. */
const statusOf = {
  invalid_request: 400,
  invalid_client: 401,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  temporarily_unavailable: 503,
  server_error: 500,
} as const

export type OAuthErrorCode = keyof typeof statusOf

/** An expected refusal of a token request. */
export interface OAuthRefusal {
  readonly error: OAuthErrorCode
  /** For the client's developer: names what was wrong, never a value that was sent. */
  readonly description: string
  readonly status: number
  /** For our log only. */
  readonly detail?: string
}

/** An expected outcome at the token endpoint. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: OAuthRefusal }

/** A refusal as an outcome. `status` differs from the code's own only where HTTP has a better one (405, 413). */
export function refuse(
  error: OAuthErrorCode,
  description: string,
  more: { readonly status?: number; readonly detail?: string } = {},
): { readonly ok: false; readonly refusal: OAuthRefusal } {
  return { ok: false, refusal: { error, description, status: statusOf[error], ...more } }
}

/** Phrases a denial: RFC 8693 §2.2.2 calls whatever is wrong with a token an invalid request. Why, is for our log. */
export function fromDenial(denial: Denial, description: string): { ok: false; refusal: OAuthRefusal } {
  const detail = `${denial.code}: ${denial.detail}`
  const { code } = denial
  if (code === 'throttled')
    return refuse('temporarily_unavailable', 'Try again later.', { status: 429, detail })
  if (code === 'unavailable') return refuse('temporarily_unavailable', 'Try again later.', { detail })
  return refuse('invalid_request', description, { detail })
}
