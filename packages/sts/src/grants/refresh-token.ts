import { refuse as deny } from 'barre/core'
import { narrowAudience, narrowScopes } from '../tokens/narrow.ts'
import { toResponse } from '../tokens/access-token.ts'
import { unusable } from '../tokens/refresh-tokens.ts'
import { fromDenial, refuse } from '../oauth-error.ts'
import type { Family } from '../store/index.ts'
import type { Outcome } from '../oauth-error.ts'
import type { User } from '../users.ts'
import type { Grant, GrantContext, TokenRequest } from './grant.ts'

/** RFC 6749 §6, with rotation (RFC 9700 §4.14.2). Nothing is used up before all that can be refused was looked at. */
export function refreshToken(context: GrantContext): Grant {
  const { tokens, refreshTokens } = context
  return {
    type: 'refresh_token',
    async answer(request) {
      const token = request.form.get('refresh_token')
      if (token === undefined) return refuse('invalid_request', 'The refresh_token parameter is required.')
      const family = await refreshTokens.find(token)
      if (family === undefined) {
        return refuse('invalid_grant', unusable, { detail: 'unknown, expired or revoked' })
      }
      const mismatch = mismatchOf(family, request)
      if (mismatch !== undefined) return refuse('invalid_grant', unusable, { detail: mismatch })
      const user = await userOf(family, context)
      if (!user.ok) return user
      const content = narrow(family, request, user.value)
      if (!content.ok) return content
      const successor = await refreshTokens.rotate(token)
      if (!successor.ok) return successor
      const issued = await tokens.issue(content.value, request.client.tokenLifetimeSeconds)
      return { ok: true, value: toResponse(issued, successor.value) }
    },
  }
}

/** Why a token is not the request's to use. */
function mismatchOf({ content }: Family, { client, confirmation }: TokenRequest): string | undefined {
  if (content.clientId !== client.clientId) return 'the refresh token belongs to another client'
  const key = confirmation !== undefined && 'jkt' in confirmation ? confirmation.jkt : undefined
  const isBound = content.refreshKey !== undefined && content.refreshKey !== key
  return isBound ? 'the refresh token is bound to another key' : undefined
}

/** The user who logged in, as they are now. Of one who is gone the family ends: another one may get the name. */
async function userOf(
  { id, content, expiresAtMs }: Family,
  { users, store }: GrantContext,
): Promise<Outcome<User>> {
  const user = (await users?.find(content.subject)) ?? noUsers
  if (user.ok) return user
  if (user.denial.code === 'invalid') await store.revoke(id, expiresAtMs)
  return fromDenial(user.denial, unusable, 'invalid_grant')
}

const noUsers = deny('invalid', 'no users are configured any more')

/** What the new access token says: of the family's grant, and of what the client and the user may have today. */
function narrow(
  { id, content }: Family,
  { client, form, confirmation }: TokenRequest,
  user: User,
): Outcome<Parameters<GrantContext['tokens']['issue']>[0]> {
  const { refreshKey: _key, ...granted } = content
  const scopes = narrowScopes(form.get('scope'), [new Set(granted.scopes), client.scopes, user.scopes])
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
