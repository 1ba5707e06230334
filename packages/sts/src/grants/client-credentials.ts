import { narrowAudience, narrowScopes } from '../tokens/narrow.ts'
import { toResponse } from '../tokens/access-token.ts'
import type { Grant } from './grant.ts'
import type { TokenIssuer } from '../tokens/access-token.ts'

/** RFC 6749 §4.4: a token for the client itself. */
export function clientCredentials(tokens: TokenIssuer): Grant {
  return {
    type: 'client_credentials',
    async answer({ client, form }) {
      const scopes = narrowScopes(form.get('scope'), [client.scopes])
      if (!scopes.ok) return scopes
      const audience = narrowAudience(client, form)
      if (!audience.ok) return audience
      // RFC 9068 §2.2: where no resource owner takes part, the subject is the client.
      const token = await tokens.issue({
        subject: client.clientId,
        clientId: client.clientId,
        audience: audience.value,
        scopes: scopes.value,
      })
      return { ok: true, value: toResponse(token) }
    },
  }
}
