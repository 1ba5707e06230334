import { authorizationMaxBytes } from 'barre/core'
import { fromDenial, refuse } from '../oauth-error.ts'
import { narrowAudience, narrowScopes } from '../tokens/narrow.ts'
import { toResponse } from '../tokens/access-token.ts'
import { actFor } from './actor.ts'
import type { ClientStore } from '../clients/client.ts'
import type { Form } from '../form.ts'
import type { Grant } from './grant.ts'
import type { Outcome } from '../oauth-error.ts'
import type { Subject, TrustedIssuers } from '../trusted-issuers.ts'
import type { TokenIssuer } from '../tokens/access-token.ts'

// RFC 8693 §3: how a request names the types of tokens.
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const jwtType = 'urn:ietf:params:oauth:token-type:jwt'
const types: ReadonlySet<string> = new Set([accessTokenType, jwtType])

/** RFC 8693: a token of a trusted outside issuer becomes one of ours, for the same subject and never for more. */
export function tokenExchange(issuers: TrustedIssuers, clients: ClientStore, tokens: TokenIssuer): Grant {
  return {
    type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    async answer({ client, form }) {
      const exchange = readExchange(form)
      if (!exchange.ok) return exchange
      const subject = await acceptSubject(exchange.value.subjectToken, issuers, clients)
      if (!subject.ok) return subject
      const scopes = narrowScopes(form.get('scope'), [client.scopes, subject.value.scopes])
      if (!scopes.ok) return scopes
      const audience = narrowAudience(client, form)
      if (!audience.ok) return audience
      const act = actFor(client, subject.value.payload)
      if (!act.ok) return act
      const { id, claims, payload } = subject.value
      const issued = await tokens.issue({
        subject: id,
        clientId: client.clientId,
        audience: audience.value,
        scopes: scopes.value,
        claims,
        ...(act.value && { actor: act.value }),
        // The new token cannot outlive what it stands for.
        ...(payload.exp !== undefined && { notAfterSeconds: payload.exp }),
      })
      return { ok: true, value: { ...toResponse(issued), issued_token_type: exchange.value.issuedType } }
    },
  }
}

/** The checks that need nothing but the request (RFC 8693 §2.1). */
function readExchange(form: Form): Outcome<{ subjectToken: string; issuedType: string }> {
  const subjectToken = form.get('subject_token')
  const subjectType = form.get('subject_token_type')
  const issuedType = form.get('requested_token_type') ?? accessTokenType
  if (subjectToken === undefined) return refuse('invalid_request', 'The subject_token parameter is required.')
  if (subjectType === undefined) {
    return refuse('invalid_request', 'The subject_token_type parameter is required.')
  }
  if (!types.has(subjectType)) {
    return refuse('invalid_request', `The subject_token_type must be ${jwtType} or ${accessTokenType}.`)
  }
  if (!types.has(issuedType)) {
    return refuse('invalid_request', `The requested_token_type must be ${jwtType} or ${accessTokenType}.`)
  }
  if (form.get('actor_token') !== undefined || form.get('actor_token_type') !== undefined) {
    return refuse('invalid_request', 'Actor tokens are not supported; the client itself is the actor.')
  }
  if (subjectToken.length > authorizationMaxBytes) {
    return refuse('invalid_request', 'The subject token is too long.')
  }
  return { ok: true, value: { subjectToken, issuedType } }
}

async function acceptSubject(
  token: string,
  issuers: TrustedIssuers,
  clients: ClientStore,
): Promise<Outcome<Subject>> {
  const subject = await issuers.validate(token)
  if (!subject.ok) return fromDenial(subject.denial, 'The subject token was not accepted.')
  // RFC 9068 §5: a service must be able to tell a person from a client by `sub`, so neither may bear the other's name.
  if ((await clients.find(subject.value.id)) !== undefined) {
    return refuse('invalid_request', 'The subject token was not accepted.', {
      detail: 'the subject has the name of a client',
    })
  }
  return { ok: true, value: subject.value }
}
