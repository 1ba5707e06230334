import { acceptFrozen, ok, refuse, toPrincipal, toPrincipalId } from '../core/index.ts'
import type { Authenticated, Result } from '../core/index.ts'
import type { Payload } from '../jose/index.ts'

/** Whom a proven payload names. `scheme`: how it was sent. */
export function identify(payload: Payload, scopes: readonly string[], scheme: string): Result<Authenticated> {
  const { iss, sub, exp } = payload
  if (sub === undefined || sub === '') return refuse('invalid', 'the token has no sub, so it names nobody')
  acceptFrozen(payload)
  const principal = toPrincipal({
    id: toPrincipalId(iss, sub),
    username: sub,
    scheme,
    scopes,
    claims: payload,
    ...(iss !== undefined && { issuer: iss }),
    ...(exp !== undefined && { expiresAtSeconds: exp }),
  })
  return ok({ principal })
}
