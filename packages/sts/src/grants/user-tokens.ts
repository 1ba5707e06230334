import { toResponse } from '../tokens/access-token.ts'
import { refuse } from '../oauth-error.ts'
import type { Client } from '../clients/client.ts'
import type { Outcome } from '../oauth-error.ts'
import type { Confirmation, TokenContent } from '../tokens/access-token.ts'
import type { GrantContext, TokenResponse } from './grant.ts'

type Context = Pick<GrantContext, 'tokens' | 'refreshTokens' | 'clients'>

/**
 * An access token for a user who logged in, and the first refresh token of a family where the client may have one.
 * `familyId`: where the grant has one already.
 */
export async function issueForUser(
  client: Client,
  content: Omit<TokenContent, 'family' | 'confirmation' | 'clientId'>,
  confirmation: Confirmation | undefined,
  context: Context,
  familyId: string = context.refreshTokens.newFamilyId(),
): Promise<Outcome<TokenResponse>> {
  // RFC 9068 §5: a service must be able to tell a person from a client by `sub`, so neither may bear the other's name.
  if ((await context.clients.find(content.subject)) !== undefined) {
    return refuse('invalid_grant', 'The user cannot have a token.', {
      detail: 'the user has the name of a client',
    })
  }
  const own = { ...content, clientId: client.clientId }
  const bound = { ...own, family: familyId, ...(confirmation && { confirmation }) }
  const issued = await context.tokens.issue(bound, client.tokenLifetimeSeconds)
  if (!client.grants.has('refresh_token')) return { ok: true, value: toResponse(issued) }
  const refreshKey = refreshKeyOf(client, confirmation)
  const token = await context.refreshTokens.start(familyId, { ...own, ...(refreshKey && { refreshKey }) })
  return { ok: true, value: toResponse(issued, token) }
}

/** RFC 9449 §5: a public client proves itself by the key alone, so its refresh tokens are bound to it. */
function refreshKeyOf(client: Client, confirmation: Confirmation | undefined): string | undefined {
  const isPublic = client.authenticationMethod === 'none'
  return isPublic && confirmation !== undefined && 'jkt' in confirmation ? confirmation.jkt : undefined
}
