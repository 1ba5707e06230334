import { fromDenial, refuse } from '../oauth-error.ts'
import { narrowAudience, narrowScopes } from '../tokens/narrow.ts'
import { toResponse } from '../tokens/access-token.ts'
import { actFor } from './actor.ts'
import { acceptSubject, tokenMaxLength } from './subject.ts'
import type { Client } from '../clients/client.ts'
import type { Form } from '../form.ts'
import type { Outcome } from '../oauth-error.ts'
import type { Actor } from '../tokens/access-token.ts'
import type { Subject } from '../trusted-issuers.ts'
import type { Grant, GrantContext, TokenRequest } from './grant.ts'

// RFC 8693 §3: how a request names the types of tokens.
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const jwtType = 'urn:ietf:params:oauth:token-type:jwt'
const types: ReadonlySet<string> = new Set([accessTokenType, jwtType])

/** RFC 8693: a token of a trusted issuer, or of ours, becomes another one, for the same subject and never for more. */
export function tokenExchange(context: GrantContext): Grant {
  return {
    type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    async answer(request) {
      const { client, form, confirmation } = request
      const exchange = readExchange(form)
      if (!exchange.ok) return exchange
      const result = await acceptSubject(exchange.value.subjectToken, client, context)
      if (!result.ok) return fromDenial(result.denial, notAccepted)
      const subject = result.value
      const problem = bindingProblem(subject, request)
      if (problem !== undefined) return refuse('invalid_request', notAccepted, { detail: problem })
      const scopes = narrowScopes(form.get('scope'), [client.scopes, subject.scopes])
      if (!scopes.ok) return scopes
      const audience = narrowAudience(client.audiences, form)
      if (!audience.ok) return audience
      const act = await findActor(exchange.value.actorToken, subject, client, context)
      if (!act.ok) return act
      const content = {
        subject: subject.id,
        clientId: client.clientId,
        audience: audience.value,
        scopes: scopes.value,
        claims: subject.claims,
        ...(act.value && { actor: act.value }),
        ...(subject.family !== undefined && { family: subject.family }),
        ...(confirmation && { confirmation }),
        // The new token cannot outlive what it stands for.
        ...(subject.payload.exp !== undefined && { notAfterSeconds: subject.payload.exp }),
      }
      const issued = await context.tokens.issue(content, client.tokenLifetimeSeconds)
      return { ok: true, value: { ...toResponse(issued), issued_token_type: exchange.value.issuedType } }
    },
  }
}

const notAccepted = 'The subject token was not accepted.'

/** A token that is bound to a key is worth nothing to a thief; what is exchanged for it must not be worth more. */
function bindingProblem({ payload }: Subject, { client, confirmation }: TokenRequest): string | undefined {
  if (payload['cnf'] === undefined || confirmation !== undefined) return undefined
  return client.exchange.unbind === true
    ? undefined
    : 'the subject token is bound to a key, and the request proves none: exchange.unbind allows it'
}

/** Who acts for the subject: the client, or whom the actor token names. */
async function findActor(
  actorToken: string | undefined,
  { payload }: Subject,
  client: Client,
  context: GrantContext,
): Promise<Outcome<Actor | undefined>> {
  if (actorToken === undefined) {
    // RFC 8693 §1.1: a client that impersonates is not seen; those who acted before it still are.
    return actFor(client.clientId, payload, { isSilent: client.exchange.impersonation === true })
  }
  if (client.exchange.actorTokens !== true) {
    return refuse(
      'invalid_request',
      'The client may not bring an actor token; the client itself is the actor.',
    )
  }
  const actor = await acceptSubject(actorToken, client, context)
  if (!actor.ok) return fromDenial(actor.denial, 'The actor token was not accepted.')
  return actFor(actor.value.id, payload)
}

interface Exchange {
  readonly subjectToken: string
  readonly actorToken?: string
  readonly issuedType: string
}

/** The checks that need nothing but the request (RFC 8693 §2.1). */
function readExchange(form: Form): Outcome<Exchange> {
  const subject = readToken(form, 'subject_token')
  if (!subject.ok) return subject
  if (subject.value === undefined) {
    return refuse('invalid_request', 'The subject_token parameter is required.')
  }
  const actor = readToken(form, 'actor_token')
  if (!actor.ok) return actor
  const issuedType = form.get('requested_token_type') ?? accessTokenType
  if (!types.has(issuedType)) {
    return refuse('invalid_request', `The requested_token_type must be ${jwtType} or ${accessTokenType}.`)
  }
  const actorToken = actor.value
  return {
    ok: true,
    value: { subjectToken: subject.value, issuedType, ...(actorToken !== undefined && { actorToken }) },
  }
}

/** A token and its type, or neither. */
function readToken(form: Form, name: 'subject_token' | 'actor_token'): Outcome<string | undefined> {
  const token = form.get(name)
  const type = form.get(`${name}_type`)
  if (token === undefined) {
    return type === undefined
      ? { ok: true, value: undefined }
      : refuse('invalid_request', `The ${name}_type parameter is there without ${name}.`)
  }
  if (type === undefined) return refuse('invalid_request', `The ${name}_type parameter is required.`)
  if (!types.has(type)) {
    return refuse('invalid_request', `The ${name}_type must be ${jwtType} or ${accessTokenType}.`)
  }
  if (token.length > tokenMaxLength) return refuse('invalid_request', `The ${name} is too long.`)
  return { ok: true, value: token }
}
