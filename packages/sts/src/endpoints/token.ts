import { formMaxBytes, parseForm } from '../form.ts'
import { refuse } from '../oauth-error.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from 'barre/core'
import type { ClientAuthentication } from '../clients/authenticate.ts'
import type { Grant, TokenResponse } from '../grants/index.ts'
import type { OAuthRefusal, Outcome } from '../oauth-error.ts'

export interface TokenEndpoint {
  readonly authenticate: ClientAuthentication
  readonly grants: ReadonlyMap<string, Grant>
  readonly log: Log
}

export const tokenPath = '/oauth2/token'

/** The token endpoint (RFC 6749 §3.2): who asks, for which grant, and what the grant answers. */
export function addTokenEndpoint(app: FastifyInstance, endpoint: TokenEndpoint): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer', bodyLimit: formMaxBytes },
    (_request, body, done) => done(null, body),
  )
  app.post(tokenPath, { onRequest: forbidCaching }, async (request, reply) => {
    const outcome = await answer(request, endpoint)
    return outcome.ok ? reply.send(outcome.value) : sendRefusal(reply, outcome.refusal, endpoint.log)
  })
}

/** RFC 6749 §5.1: neither a token nor a refusal is ever stored by a cache. */
async function forbidCaching(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('cache-control', 'no-store').header('pragma', 'no-cache')
}

/** Phrases a refusal (RFC 6749 §5.2). */
export function sendRefusal(reply: FastifyReply, refusal: OAuthRefusal, log: Log): FastifyReply {
  const { error, description, status, detail } = refusal
  log.info({ event: 'token_refused', error, description, detail }, 'a token request was refused')
  if (status === 401) reply.header('www-authenticate', 'Basic realm="sts", charset="UTF-8"')
  if (error === 'temporarily_unavailable') reply.header('retry-after', '5')
  return reply.status(status).send({ error, error_description: description })
}

async function answer(request: FastifyRequest, endpoint: TokenEndpoint): Promise<Outcome<TokenResponse>> {
  // RFC 6749 §2.3.1: credentials never travel in the URI, and nothing else has a place there.
  if (request.raw.url?.includes('?')) {
    return refuse('invalid_request', 'Parameters are accepted in the body only.')
  }
  if (!Buffer.isBuffer(request.body)) {
    return refuse('invalid_request', 'The body must be application/x-www-form-urlencoded.')
  }
  const form = parseForm(request.body)
  if (!form.ok) return form
  const client = await endpoint.authenticate(request.raw.headersDistinct['authorization'] ?? [], form.value)
  if (!client.ok) return client
  const type = form.value.get('grant_type')
  if (type === undefined) return refuse('invalid_request', 'The grant_type parameter is required.')
  const grant = endpoint.grants.get(type)
  if (grant === undefined) return refuse('unsupported_grant_type', 'This grant type is not supported.')
  const { clientId } = client.value
  if (!client.value.grants.has(grant.type)) {
    return refuse('unauthorized_client', 'The client may not use this grant type.', { detail: clientId })
  }
  const outcome = await grant.answer({ client: client.value, form: form.value })
  if (outcome.ok) endpoint.log.info({ event: 'token_issued', clientId, grant: type }, 'a token was issued')
  return outcome
}
