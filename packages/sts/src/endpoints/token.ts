import { chain } from 'barre/core'
import { certificateThumbprint } from '../clients/proofs.ts'
import { fromDenial, refuse } from '../oauth-error.ts'
import { addFormEndpoint, authenticated } from './answer.ts'
import { tokenPath } from './paths.ts'
import type { FastifyInstance } from 'fastify'
import type { Awaitable } from 'barre/core'
import type { Client } from '../clients/client.ts'
import type { Desk } from '../desk.ts'
import type { Grant, TokenResponse } from '../grants/index.ts'
import type { Outcome } from '../oauth-error.ts'
import type { Confirmation } from '../tokens/access-token.ts'
import type { FormRequest } from './answer.ts'

/** The token endpoint (RFC 6749 §3.2): who asks, for which grant, and what the grant answers. */
export function addTokenEndpoint(app: FastifyInstance, desk: () => Desk): void {
  addFormEndpoint(app, tokenPath, desk, answer)
}

function answer(request: FormRequest): Awaitable<Outcome<TokenResponse>> {
  return chain(authenticated(request), (client) => (client.ok ? answerClient(client.value, request) : client))
}

function answerClient(client: Client, request: FormRequest): Awaitable<Outcome<TokenResponse>> {
  const { form, desk } = request
  const type = form.get('grant_type')
  if (type === undefined) return refuse('invalid_request', 'The grant_type parameter is required.')
  const grant = desk.grants.get(type)
  if (grant === undefined) return refuse('unsupported_grant_type', 'This grant type is not supported.')
  const { clientId, grants } = client
  if (!grants.has(grant.type)) {
    return refuse('unauthorized_client', 'The client may not use this grant type.', { detail: clientId })
  }
  return chain(bindingOf(client, request), (bound) =>
    bound.ok ? issue(grant, client, bound.value, request) : bound,
  )
}

function issue(
  grant: Grant,
  client: Client,
  confirmation: Confirmation | undefined,
  { form, desk, address }: FormRequest,
): Awaitable<Outcome<TokenResponse>> {
  const { clientId } = client
  const asked = { client, form, address, ...(confirmation && { confirmation }) }
  return chain(grant.answer(asked), (outcome) => {
    if (!outcome.ok) return withClient(outcome, clientId)
    desk.audit.write({ event: 'token_issued', clientId, grant: grant.type, address })
    desk.metrics.count('barre_sts_tokens_issued_total', { grant: grant.type })
    return outcome
  })
}

/** The log should say whose request it was. */
function withClient<T>(outcome: Outcome<T> & { readonly ok: false }, clientId: string): Outcome<T> {
  const { detail, description } = outcome.refusal
  return { ok: false, refusal: { ...outcome.refusal, detail: `${clientId}: ${detail ?? description}` } }
}

/** What the client's new tokens are bound to: the certificate of the connection, or a key that it proves. */
function bindingOf(client: Client, request: FormRequest): Awaitable<Outcome<Confirmation | undefined>> {
  if (client.certificateBound) return certificateOf(request)
  const { proofs, desk } = request
  if (proofs.length > 0) return keyOf(request)
  if (!client.dpopBound && !desk.dpop.isRequired) return { ok: true, value: undefined }
  return refuse(
    'invalid_dpop_proof',
    'The tokens of this client are bound to a key: a DPoP proof is required.',
  )
}

function certificateOf({ evidence: { certificate } }: FormRequest): Outcome<Confirmation> {
  if (certificate !== undefined)
    return { ok: true, value: { 'x5t#S256': certificateThumbprint(certificate) } }
  return refuse(
    'invalid_request',
    'The tokens of this client are bound to a certificate, and none was shown.',
  )
}

/** RFC 9449 §5: the key of the one proof of this request. */
async function keyOf({ proofs, desk, reply }: FormRequest): Promise<Outcome<Confirmation>> {
  const proven = await desk.dpop.prove({
    method: 'POST',
    target: desk.issuer + tokenPath,
    signal: new AbortController().signal,
    peer: { encrypted: true },
    metadata: (name) => (name === 'dpop' ? proofs : []),
  })
  const headers = proven.ok ? proven.value.reply : (proven.denial.reply ?? [])
  for (const [name, value] of headers) reply.header(name, value)
  if (proven.ok) return { ok: true, value: { jkt: proven.value.jkt } }
  const wantsNonce = proven.denial.parameters?.['error'] === 'use_dpop_nonce'
  return fromDenial(
    proven.denial,
    wantsNonce ? 'The DPoP proof needs the nonce of this answer.' : 'The DPoP proof was not accepted.',
    wantsNonce ? 'use_dpop_nonce' : 'invalid_dpop_proof',
  )
}
