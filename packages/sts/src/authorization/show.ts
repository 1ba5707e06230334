import { addressOf } from '../endpoints/caller.ts'
import { parseForm } from '../form.ts'
import { refuse } from '../oauth-error.ts'
import { redirect, refusePage, sendPage } from './browser.ts'
import { beginLogin } from './login.ts'
import { findPushed } from './pushed.ts'
import { readAuthorizationRequest, readRedirectUri } from './request.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Client } from '../clients/client.ts'
import type { Desk } from '../desk.ts'
import type { Form } from '../form.ts'
import type { Outcome } from '../oauth-error.ts'

/** Shows the login page to a browser that a client sent. */
export async function show(request: FastifyRequest, reply: FastifyReply, desk: Desk): Promise<FastifyReply> {
  const asked = await readAsked(request, desk)
  if (!asked.ok) return refusePage(reply, asked.refusal.description)
  const { client, form, pushedHash } = asked.value
  const redirectUri = readRedirectUri(client, form)
  if (!redirectUri.ok) return refusePage(reply, redirectUri.refusal.description)
  const read =
    client.requirePushedRequests && pushedHash === undefined
      ? refuse('invalid_request', 'The client has to push its requests.')
      : readAuthorizationRequest(client, redirectUri.value, form)
  if (!read.ok) {
    const { error, description } = read.refusal
    const answer = { error, error_description: description, state: form.get('state') }
    return redirect(reply, redirectUri.value, desk, answer)
  }
  const address = addressOf(request, desk)
  const retryAfterSeconds = desk.logins.waitSeconds(address)
  if (retryAfterSeconds > 0) {
    reply.header('retry-after', String(retryAfterSeconds))
    return refusePage(reply, 'Too many logins were begun: wait a moment, and try again.', 429)
  }
  desk.logins.count(address)
  const login = { request: read.value, ...(pushedHash !== undefined && { pushedHash }) }
  return sendPage(reply, 200, client, await beginLogin(login, desk, reply), read.value)
}

/** A client's request, wherever it is. */
interface Asked {
  readonly client: Client
  readonly form: Form
  readonly pushedHash?: string
}

async function readAsked(request: FastifyRequest, desk: Desk): Promise<Outcome<Asked>> {
  const query = (request.raw.url ?? '').split('?').slice(1).join('?')
  const form = parseForm(Buffer.from(query, 'latin1'))
  if (!form.ok) return form
  const client = await desk.clients.find(form.value.get('client_id') ?? '')
  if (client === undefined) return refuse('invalid_request', 'The client is unknown.')
  const requestUri = form.value.get('request_uri')
  if (requestUri === undefined) return { ok: true, value: { client, form: form.value } }
  const pushed = await findPushed(requestUri, client.clientId, desk)
  if (pushed === undefined) {
    return refuse('invalid_request', 'This request is over: return to where you came from, and start again.')
  }
  return { ok: true, value: { client, form: pushed.form, pushedHash: pushed.hash } }
}
