import { authorizePath } from '../endpoints/paths.ts'
import { destinationOf, loginPage, pageHeaders, problemPage } from './page.ts'
import { answerUrl } from './request.ts'
import type { FastifyReply } from 'fastify'
import type { Client } from '../clients/client.ts'
import type { Desk } from '../desk.ts'
import type { AuthorizationRequest } from './request.ts'

/** What is sent to a client in the query of its redirect URI. */
export type Answer = Readonly<Record<string, string | undefined>>

/** Shows the login page. */
export function sendPage(
  reply: FastifyReply,
  status: number,
  { clientName }: Client,
  loginId: string,
  { scopes, audience, redirectUri }: AuthorizationRequest,
  problem?: string,
): FastifyReply {
  const destination = destinationOf(redirectUri)
  const page = { action: authorizePath, loginId, clientName, scopes, audience, destination }
  return reply
    .status(status)
    .headers(pageHeaders(destination))
    .send(loginPage({ ...page, ...(problem !== undefined && { problem }) }))
}

/** Shows what went wrong: it cannot be told to the client. */
export function refusePage(reply: FastifyReply, problem: string, status = 400): FastifyReply {
  return reply.status(status).headers(pageHeaders()).send(problemPage(problem))
}

/** RFC 9700 §4.12: 303, so that no browser sends the password on. */
export function redirect(
  reply: FastifyReply,
  redirectUri: string,
  { issuer }: Desk,
  answer: Answer,
): FastifyReply {
  reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer')
  return reply.redirect(answerUrl(redirectUri, issuer, answer), 303)
}
