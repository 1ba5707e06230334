import { TLSSocket } from 'node:tls'
import { chain } from 'barre/core'
import { formMaxBytes, parseForm } from '../form.ts'
import { refuse } from '../oauth-error.ts'
import { addressOf, callOf } from './caller.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Awaitable, Call } from 'barre/core'
import type { ClientEvidence } from '../clients/authenticate.ts'
import type { Client } from '../clients/client.ts'
import type { Desk } from '../desk.ts'
import type { Form } from '../form.ts'
import type { OAuthRefusal, Outcome } from '../oauth-error.ts'

/** A form that a client sent, and all that proves who did. */
export interface FormRequest {
  readonly form: Form
  readonly evidence: ClientEvidence
  readonly address: string
  /** Every DPoP value. */
  readonly proofs: readonly string[]
  readonly desk: Desk
  readonly reply: FastifyReply
}

type Handler = (request: FormRequest) => Awaitable<Outcome<unknown>>

/** Takes forms, as every endpoint for clients does. */
export function acceptForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer', bodyLimit: formMaxBytes },
    (_request, body, done) => done(null, body),
  )
}

/** An endpoint that takes a form by POST, and whose answers no cache may keep (RFC 6749 §5.1). */
export function addFormEndpoint(
  app: FastifyInstance,
  path: string,
  desk: () => Desk,
  handler: Handler,
): void {
  app.post(path, { onRequest: forbidCaching }, (request, reply) => {
    // A reload in the middle of a request changes nothing for it.
    const now = desk()
    const started = performance.now()
    // Nothing is handed on: Fastify waits for a reply that it gets.
    return chain(answer(request, reply, now, handler), (outcome): void => {
      now.metrics.observeSeconds(path, (performance.now() - started) / 1000)
      if (outcome.ok) reply.send(outcome.value)
      else sendRefusal(reply, outcome.refusal, now, path)
    })
  })
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  desk: Desk,
  handler: Handler,
): Awaitable<Outcome<unknown>> {
  const call = callOf(request, desk)
  const { address = '' } = call.peer
  const retryAfterSeconds = desk.refusals.waitSeconds(address)
  if (retryAfterSeconds > 0) return tooMany(retryAfterSeconds)
  // RFC 6749 §2.3.1: credentials never travel in the URI, and nothing else has a place there.
  if (request.raw.url?.includes('?')) {
    return refuse('invalid_request', 'Parameters are accepted in the body only.')
  }
  if (!Buffer.isBuffer(request.body)) {
    return refuse('invalid_request', 'The body must be application/x-www-form-urlencoded.')
  }
  const form = parseForm(request.body)
  if (!form.ok) return form
  const asked = {
    form: form.value,
    evidence: evidenceOf(request, call),
    address,
    proofs: call.metadata('dpop'),
    desk,
    reply,
  }
  return chain(handler(asked), (outcome) => {
    if (!outcome.ok && outcome.refusal.status < 500) desk.refusals.count(address)
    return outcome
  })
}

export function tooMany(retryAfterSeconds: number): Outcome<never> {
  return refuse('temporarily_unavailable', 'Too many requests.', { status: 429, retryAfterSeconds })
}

function evidenceOf({ raw }: FastifyRequest, call: Call): ClientEvidence {
  const authorization = call.metadata('authorization')
  if (!(raw.socket instanceof TLSSocket)) return { authorization }
  const certificate = raw.socket.getPeerX509Certificate()
  if (certificate === undefined) return { authorization }
  return { authorization, certificate: { der: certificate.raw, isTrusted: raw.socket.authorized } }
}

/** The client of a request, within the number of requests that it may send. */
export function authenticated({ desk, evidence, form }: FormRequest): Awaitable<Outcome<Client>> {
  return chain(desk.authenticate(evidence, form), (client) => {
    if (!client.ok || desk.requests === undefined) return client
    const { clientId } = client.value
    const retryAfterSeconds = desk.requests.waitSeconds(clientId)
    if (retryAfterSeconds > 0) return tooMany(retryAfterSeconds)
    desk.requests.count(clientId)
    return client
  })
}

/** RFC 6749 §5.1: neither a token nor a refusal is ever stored by a cache. */
export function forbidCaching(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.header('cache-control', 'no-store').header('pragma', 'no-cache')
  done()
}

const retryAfterDefaultSeconds = 5

/** Phrases a refusal (RFC 6749 §5.2). */
export function sendRefusal(
  reply: FastifyReply,
  refusal: OAuthRefusal,
  desk: Desk,
  endpoint: string,
): FastifyReply {
  const { error, description, status, detail, retryAfterSeconds = retryAfterDefaultSeconds } = refusal
  const address = addressOf(reply.request, desk)
  desk.audit.write({ event: 'request_refused', endpoint, error, detail: detail ?? description, address })
  desk.metrics.count('barre_sts_refusals_total', { endpoint, error })
  if (error === 'invalid_client') reply.header('www-authenticate', 'Basic realm="sts", charset="UTF-8"')
  if (error === 'invalid_token') reply.header('www-authenticate', 'Bearer realm="sts", error="invalid_token"')
  if (error === 'temporarily_unavailable') reply.header('retry-after', String(retryAfterSeconds))
  return reply.status(status).send({ error, error_description: description })
}
