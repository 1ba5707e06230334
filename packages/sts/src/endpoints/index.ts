import { addHealthEndpoints } from './health.ts'
import { addMetadataEndpoints, jwksPath } from './metadata.ts'
import { addTokenEndpoint, sendRefusal, tokenPath } from './token.ts'
import { refuse } from '../oauth-error.ts'
import type { FastifyError, FastifyInstance } from 'fastify'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { OAuthRefusal } from '../oauth-error.ts'
import type { TokenEndpoint } from './token.ts'

export interface Endpoints extends TokenEndpoint {
  readonly issuer: string
  readonly keys: SigningKeys
  ready(): boolean
}

/** Puts every endpoint on a server, and makes all that goes wrong answer in the words of RFC 6749 §5.2. */
export function addEndpoints(app: FastifyInstance, endpoints: Endpoints): void {
  const { issuer, keys, grants, log } = endpoints
  addTokenEndpoint(app, endpoints)
  addMetadataEndpoints(app, issuer, [...grants.keys()], keys)
  addHealthEndpoints(app, () => endpoints.ready())
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]
    const allowed = path === tokenPath ? 'POST' : path === jwksPath ? 'GET' : undefined
    if (allowed === undefined) return reply.status(404).send({ error: 'not_found' })
    reply.header('allow', allowed).header('cache-control', 'no-store')
    return sendRefusal(reply, refuse('invalid_request', `Use ${allowed}.`, { status: 405 }).refusal, log)
  })
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const refusal = toRefusal(error)
    if (refusal.status === 500) log.error({ error }, 'a request failed')
    return sendRefusal(reply, refusal, log)
  })
}

function toRefusal(error: FastifyError): OAuthRefusal {
  const status = error.statusCode ?? 500
  if (status === 413) return refuse('invalid_request', 'The body is too large.', { status }).refusal
  if (status === 415) {
    return refuse('invalid_request', 'The body must be application/x-www-form-urlencoded.').refusal
  }
  if (status >= 400 && status < 500) return refuse('invalid_request', 'The request is malformed.').refusal
  return refuse('server_error', 'The request failed.').refusal
}
