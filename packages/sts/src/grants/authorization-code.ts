import { hash } from 'node:crypto'
import { tokenHash } from '../tokens/access-token.ts'
import { refuse } from '../oauth-error.ts'
import { issueForUser } from './user-tokens.ts'
import type { Outcome } from '../oauth-error.ts'
import type { Grant, GrantContext, TokenRequest } from './grant.ts'

/** What a user has allowed, and whom: what a code stands for. */
export interface CodeContent {
  readonly clientId: string
  readonly redirectUri: string
  readonly codeChallenge: string
  /** RFC 9449 §10: the key that the token request must prove. */
  readonly dpopKey?: string
  readonly subject: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** Of all tokens that come from it. */
  readonly familyId: string
}

/** How long a family stays revoked, in milliseconds: longer than any refresh token may live. */
const revokedMs = 401 * 86_400_000

/** RFC 6749 §4.1.3 with PKCE (RFC 7636). A code that comes twice was stolen: all tokens that it brought are revoked. */
export function authorizationCode(context: GrantContext): Grant {
  const { store, services } = context
  return {
    type: 'authorization_code',
    async answer(request) {
      const code = request.form.get('code')
      if (code === undefined) return refuse('invalid_request', 'The code parameter is required.')
      const nowMs = services.now()
      const used = await store.useTicket('code', tokenHash(code), nowMs)
      if (used === undefined) return invalid('unknown or expired')
      const content = used.content as CodeContent
      if (content.clientId !== request.client.clientId) return invalid('the code belongs to another client')
      if (!used.first) {
        await store.revoke(content.familyId, nowMs + revokedMs)
        return invalid('the code was used before: its tokens are revoked now')
      }
      const problem = problemOf(content, request)
      if (problem !== undefined) return invalid(problem)
      const { subject, audience, scopes, familyId } = content
      const { client, confirmation } = request
      return issueForUser(client, { subject, audience, scopes }, confirmation, context, familyId)
    },
  }
}

function invalid(detail: string): Outcome<never> {
  return refuse('invalid_grant', 'The authorization code is invalid, expired or was used.', { detail })
}

// RFC 7636 §4.1
const verifierForm = /^[\w.~-]{43,128}$/

function problemOf(content: CodeContent, { form, confirmation }: TokenRequest): string | undefined {
  if (form.get('redirect_uri') !== content.redirectUri)
    return 'the redirect_uri is not the one of the request'
  const verifier = form.get('code_verifier') ?? ''
  if (!verifierForm.test(verifier)) return 'the code_verifier is absent or malformed'
  if (hash('sha256', verifier, 'base64url') !== content.codeChallenge)
    return 'the code_verifier does not match'
  const key = confirmation !== undefined && 'jkt' in confirmation ? confirmation.jkt : undefined
  if (content.dpopKey !== undefined && content.dpopKey !== key) return 'the code is bound to another key'
  return undefined
}
