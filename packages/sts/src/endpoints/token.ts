import { certificateThumbprint } from '../clients/proofs.ts'
import { fromDenial, refuse } from '../oauth-error.ts'
import { addFormEndpoint, authenticated } from './answer.ts'
import { tokenPath } from './paths.ts'
import type { FastifyInstance } from 'fastify'
import type { Client } from '../clients/client.ts'
import type { Desk } from '../desk.ts'
import type { TokenResponse } from '../grants/index.ts'
import type { Outcome } from '../oauth-error.ts'
import type { Confirmation } from '../tokens/access-token.ts'
import type { FormRequest } from './answer.ts'

/** The token endpoint (RFC 6749 §3.2): who asks, for which grant, and what the grant answers. */
export function addTokenEndpoint(app: FastifyInstance, desk: () => Desk): void {
  addFormEndpoint(app, tokenPath, desk, answer)
}

async function answer(request: FormRequest): Promise<Outcome<TokenResponse>> {
  const { form, desk, address } = request
  const client = await authenticated(request)
  if (!client.ok) return client
  const type = form.get('grant_type')
  if (type === undefined) return refuse('invalid_request', 'The grant_type parameter is required.')
  const grant = desk.grants.get(type)
  if (grant === undefined) return refuse('unsupported_grant_type', 'This grant type is not supported.')
  const { clientId, grants } = client.value
  if (!grants.has(grant.type)) {
    return refuse('unauthorized_client', 'The client may not use this grant type.', { detail: clientId })
  }
  const bound = await bindingOf(client.value, request)
  if (!bound.ok) return bound
  const confirmation = bound.value && { confirmation: bound.value }
  const outcome = await grant.answer({ client: client.value, form, address, ...confirmation })
  if (!outcome.ok) return withClient(outcome, clientId)
  desk.audit.write({ event: 'token_issued', clientId, grant: type, address })
  desk.metrics.count('barre_sts_tokens_issued_total', { grant: type })
  return outcome
}

/** The log should say whose request it was. */
function withClient<T>(outcome: Outcome<T> & { readonly ok: false }, clientId: string): Outcome<T> {
  const { detail, description } = outcome.refusal
  return { ok: false, refusal: { ...outcome.refusal, detail: `${clientId}: ${detail ?? description}` } }
}

/** What the client's new tokens are bound to: the certificate of the connection, or a key that it proves. */
async function bindingOf(client: Client, request: FormRequest): Promise<Outcome<Confirmation | undefined>> {
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
