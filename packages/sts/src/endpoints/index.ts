import { addAuthorizationEndpoints } from '../authorization/index.ts'
import { refuse } from '../oauth-error.ts'
import { acceptForms, sendRefusal } from './answer.ts'
import { addHealthEndpoints } from './health.ts'
import { addIntrospectionEndpoint } from './introspect.ts'
import { addMetadataEndpoints } from './metadata.ts'
import {
  authorizePath,
  introspectPath,
  jwksPath,
  metadataPath,
  pushPath,
  registerPath,
  revokePath,
  tokenPath,
} from './paths.ts'
import { addRegistrationEndpoint } from './register.ts'
import { addRevocationEndpoint } from './revoke.ts'
import { addTokenEndpoint } from './token.ts'
import type { FastifyError, FastifyInstance } from 'fastify'
import type { Desk } from '../desk.ts'
import type { OAuthRefusal } from '../oauth-error.ts'

/** Puts every endpoint on a server, and makes all that goes wrong answer in the words of RFC 6749 §5.2. */
export function addEndpoints(app: FastifyInstance, desk: () => Desk): void {
  acceptForms(app)
  addTokenEndpoint(app, desk)
  addIntrospectionEndpoint(app, desk)
  addMetadataEndpoints(app, desk)
  addHealthEndpoints(app, () => desk().ready())
  if (desk().isDurable) {
    addRevocationEndpoint(app, desk)
    addAuthorizationEndpoints(app, desk)
    addRegistrationEndpoint(app, desk)
  }
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const allowed = methods.get(path)
    reply.header('cache-control', 'no-store')
    if (allowed === undefined || !app.hasRoute({ method: allowed[0] ?? '', url: path })) {
      // Not a refusal worth a line: anybody may ask for anything.
      return reply.status(404).send({ error: 'not_found' })
    }
    reply.header('allow', allowed.join(', '))
    const refusal = refuse('invalid_request', `Use ${allowed.join(' or ')}.`, { status: 405 }).refusal
    return sendRefusal(reply, refusal, desk(), path)
  })
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const refusal = toRefusal(error)
    if (refusal.status >= 500) desk().services.log.error({ error }, 'a request failed')
    reply.header('cache-control', 'no-store')
    // What is left of a body that is too long is not waited for.
    if (refusal.status === 413) reply.header('connection', 'close')
    return sendRefusal(reply, refusal, desk(), reply.request.routeOptions.url ?? 'none')
  })
}

const methods: ReadonlyMap<string, readonly ('GET' | 'POST')[]> = new Map([
  [tokenPath, ['POST']],
  [authorizePath, ['GET', 'POST']],
  [pushPath, ['POST']],
  [introspectPath, ['POST']],
  [revokePath, ['POST']],
  [registerPath, ['POST']],
  [jwksPath, ['GET']],
  [metadataPath, ['GET']],
])

function toRefusal(error: FastifyError): OAuthRefusal {
  const status = error.statusCode ?? 500
  if (status === 413) return refuse('invalid_request', 'The body is too large.', { status }).refusal
  if (status === 415)
    return refuse('invalid_request', 'The body must be application/x-www-form-urlencoded.').refusal
  if (status >= 400 && status < 500) return refuse('invalid_request', 'The request is malformed.').refusal
  // What has a code comes from the store or the network: another try may succeed. All else is a fault of ours.
  const isOutside = typeof error.code === 'string'
  return refuse(isOutside ? 'temporarily_unavailable' : 'server_error', 'The request failed.').refusal
}
