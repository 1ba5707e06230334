import { narrowAudience, narrowScopes } from '../tokens/narrow.ts'
import { toResponse } from '../tokens/access-token.ts'
import { unusable } from '../tokens/refresh-tokens.ts'
import { refuse } from '../oauth-error.ts'
import type { Family } from '../store/index.ts'
import type { Outcome } from '../oauth-error.ts'
import type { Grant, GrantContext, TokenRequest } from './grant.ts'

/** RFC 6749 §6, with rotation (RFC 9700 §4.14.2). Nothing is used up before all that can be refused was looked at. */
export function refreshToken({ tokens, refreshTokens }: GrantContext): Grant {
  return {
    type: 'refresh_token',
    async answer(request) {
      const token = request.form.get('refresh_token')
      if (token === undefined) return refuse('invalid_request', 'The refresh_token parameter is required.')
      const family = await refreshTokens.find(token)
      if (family === undefined) {
        return refuse('invalid_grant', unusable, { detail: 'unknown, expired or revoked' })
      }
      const content = narrow(family, request)
      if (!content.ok) return content
      const successor = await refreshTokens.rotate(token)
      if (!successor.ok) return successor
      const issued = await tokens.issue(content.value, request.client.tokenLifetimeSeconds)
      return { ok: true, value: toResponse(issued, successor.value) }
    },
  }
}

/** What the new access token says: of the family's grant, and of what the client may have today. */
function narrow(
  { id, content }: Family,
  { client, form, confirmation }: TokenRequest,
): Outcome<Parameters<GrantContext['tokens']['issue']>[0]> {
  const { refreshKey, ...granted } = content
  if (granted.clientId !== client.clientId) {
    return refuse('invalid_grant', unusable, { detail: 'the refresh token belongs to another client' })
  }
  const key = confirmation !== undefined && 'jkt' in confirmation ? confirmation.jkt : undefined
  if (refreshKey !== undefined && refreshKey !== key) {
    return refuse('invalid_grant', unusable, { detail: 'the refresh token is bound to another key' })
  }
  const scopes = narrowScopes(form.get('scope'), [new Set(granted.scopes), client.scopes])
  if (!scopes.ok) return scopes
  const named = form.all('audience').length + form.all('resource').length > 0
  const limit = client.audiences.intersection(new Set(granted.audience))
  const audience = named ? narrowAudience(limit, form) : { ok: true as const, value: [...limit] }
  if (!audience.ok) return audience
  if (audience.value.length === 0) {
    return refuse('invalid_grant', unusable, { detail: 'the client may have none of its audiences any more' })
  }
  return {
    ok: true,
    value: {
      ...granted,
      scopes: scopes.value,
      audience: audience.value,
      family: id,
      ...(confirmation && { confirmation }),
    },
  }
}
