import { signJws } from 'barre/jose'
import { refuse } from '../oauth-error.ts'
import { addFormEndpoint, authenticated } from './answer.ts'
import { introspectPath } from './paths.ts'
import type { FastifyInstance } from 'fastify'
import type { Payload } from 'barre/jose'
import type { Client } from '../clients/client.ts'
import type { Desk } from '../desk.ts'
import type { Outcome } from '../oauth-error.ts'
import type { FormRequest } from './answer.ts'

/** RFC 7662, and signed by RFC 9701 for who asks for that. */
export function addIntrospectionEndpoint(app: FastifyInstance, desk: () => Desk): void {
  addFormEndpoint(app, introspectPath, desk, answer)
}

/** RFC 9701 §5 */
const signedType = 'application/token-introspection+jwt'

/** The one answer about a token that is unknown, expired, revoked or none of the client's business. */
const inactive = { active: false } as const

async function answer(request: FormRequest): Promise<Outcome<unknown>> {
  const { form, desk, reply } = request
  const client = await authenticated(request)
  if (!client.ok) return client
  if (client.value.authenticationMethod === 'none') {
    return refuse('invalid_client', 'A public client cannot ask about tokens.')
  }
  const token = form.get('token')
  if (token === undefined) return refuse('invalid_request', 'The token parameter is required.')
  const payload = await desk.ownTokens.read(token)
  const body = payload !== undefined && mayKnow(client.value, payload) ? toAnswer(payload) : inactive
  desk.metrics.count('barre_sts_introspections_total', { active: String(body.active) })
  if (reply.request.headers.accept?.includes(signedType) !== true) return { ok: true, value: body }
  reply.header('content-type', signedType)
  return { ok: true, value: await sign(body, client.value, desk) }
}

/** A client may ask about its own tokens, and about those for the services that it is. */
function mayKnow(client: Client, { aud, client_id: clientId }: Payload): boolean {
  if (clientId === client.clientId) return true
  const audience = typeof aud === 'string' ? [aud] : (aud ?? [])
  return audience.some((name) => client.serves.has(name))
}

/** RFC 7662 §2.2: the claims as they are, `active` first; whatever a claim of that name says. */
function toAnswer(payload: Payload): { readonly active: true } {
  const { cnf, sub } = payload
  const isProof = typeof cnf === 'object' && cnf !== null && 'jkt' in cnf
  return Object.assign(
    { ...payload, active: true as const },
    { token_type: isProof ? 'DPoP' : 'Bearer', username: sub },
  )
}

async function sign(body: object, { clientId }: Client, { issuer, keys, services }: Desk): Promise<string> {
  const iat = Math.floor(services.now() / 1000)
  const payload = { iss: issuer, aud: clientId, iat, token_introspection: body }
  return signJws({ typ: 'token-introspection+jwt' }, JSON.stringify(payload), keys.current())
}
