import { chain } from 'barre/core'
import { narrowAudience, narrowScopes } from '../tokens/narrow.ts'
import { toResponse } from '../tokens/access-token.ts'
import type { Grant, GrantContext } from './grant.ts'

/** RFC 6749 §4.4: a token for the client itself. */
export function clientCredentials({ tokens }: Pick<GrantContext, 'tokens'>): Grant {
  return {
    type: 'client_credentials',
    answer({ client, form, confirmation }) {
      const scopes = narrowScopes(form.get('scope'), [client.scopes])
      if (!scopes.ok) return scopes
      const audience = narrowAudience(client.audiences, form)
      if (!audience.ok) return audience
      // RFC 9068 §2.2: where no resource owner takes part, the subject is the client.
      const content = {
        subject: client.clientId,
        clientId: client.clientId,
        audience: audience.value,
        scopes: scopes.value,
        ...(confirmation && { confirmation }),
      }
      return chain(tokens.issue(content, client.tokenLifetimeSeconds), (issued) => ({
        ok: true,
        value: toResponse(issued),
      }))
    },
  }
}
