import { fromDenial, refuse } from '../oauth-error.ts'
import { narrowAudience, narrowScopes } from '../tokens/narrow.ts'
import { toResponse } from '../tokens/access-token.ts'
import { actFor } from './actor.ts'
import { acceptOutside, tokenMaxLength } from './subject.ts'
import type { Grant, GrantContext } from './grant.ts'

/** RFC 7523 §2.1: an assertion of a trusted issuer about a subject, worth a token for that subject. */
export function jwtBearer(context: GrantContext): Grant {
  return {
    type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    async answer({ client, form, confirmation }) {
      const assertion = form.get('assertion')
      if (assertion === undefined) return refuse('invalid_request', 'The assertion parameter is required.')
      if (assertion.length > tokenMaxLength) return refuse('invalid_grant', 'The assertion is too long.')
      const result = await acceptOutside(assertion, context)
      if (!result.ok) return fromDenial(result.denial, 'The assertion was not accepted.', 'invalid_grant')
      const { id, payload, claims, scopes: granted } = result.value
      if (payload['cnf'] !== undefined) {
        return refuse('invalid_grant', 'The assertion was not accepted.', { detail: 'it is bound to a key' })
      }
      const scopes = narrowScopes(form.get('scope'), [client.scopes, granted])
      if (!scopes.ok) return scopes
      const audience = narrowAudience(client.audiences, form)
      if (!audience.ok) return audience
      const act = actFor(client.clientId, payload)
      if (!act.ok) {
        const { detail = '' } = act.refusal
        return refuse('invalid_grant', 'The assertion was not accepted.', { detail })
      }
      const content = {
        subject: id,
        clientId: client.clientId,
        audience: audience.value,
        scopes: scopes.value,
        claims,
        ...(act.value && { actor: act.value }),
        ...(confirmation && { confirmation }),
        ...(payload.exp !== undefined && { notAfterSeconds: payload.exp }),
      }
      return { ok: true, value: toResponse(await context.tokens.issue(content, client.tokenLifetimeSeconds)) }
    },
  }
}
