import type { Denial, DenialCode } from '../core/index.ts'

/**
 * RFC 6750 §3.1 and RFC 9470 §3; `undefined`: ask plainly, because no token was sent; `null`: the token is not
 * the trouble.
 */
const errors: Readonly<Record<DenialCode, string | undefined | null>> = {
  missing: undefined,
  malformed: 'invalid_request',
  invalid: 'invalid_token',
  expired: 'invalid_token',
  insufficient_scope: 'insufficient_scope',
  insufficient_authentication: 'insufficient_user_authentication',
  throttled: null,
  unavailable: null,
}

/** The challenge of the Bearer scheme for a refusal; none where another credential would not help. */
export function bearerChallenges(denial: Denial): readonly string[] {
  const error = errors[denial.code]
  if (error === null) return []
  const parameters = Object.entries({
    ...(error !== undefined && { error }),
    ...(denial.scopes !== undefined && { scope: denial.scopes.join(' ') }),
    ...denial.parameters,
  })
  const text = parameters.map(([name, value]) => `${name}=${quote(value)}`).join(', ')
  return [text === '' ? 'Bearer' : `Bearer ${text}`]
}

// RFC 9110 §5.6.4
function quote(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}
