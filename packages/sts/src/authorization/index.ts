import { authorizePath } from '../endpoints/paths.ts'
import { decide } from './decide.ts'
import { addPushEndpoint } from './pushed.ts'
import { show } from './show.ts'
import type { FastifyInstance } from 'fastify'
import type { Desk } from '../desk.ts'

/** How a browser user gets a token: the login page (RFC 6749 §3.1), and requests that were pushed before (RFC 9126). */
export function addAuthorizationEndpoints(app: FastifyInstance, desk: () => Desk): void {
  app.get(authorizePath, (request, reply) => show(request, reply, desk()))
  app.post(authorizePath, (request, reply) => decide(request, reply, desk()))
  addPushEndpoint(app, desk)
}
