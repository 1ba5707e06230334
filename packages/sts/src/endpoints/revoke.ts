import { refuse } from '../oauth-error.ts'
import { addFormEndpoint, authenticated } from './answer.ts'
import { revokePath } from './paths.ts'
import { tokenHash } from '../tokens/access-token.ts'
import type { FastifyInstance } from 'fastify'
import type { Desk } from '../desk.ts'
import type { Outcome } from '../oauth-error.ts'
import type { FormRequest } from './answer.ts'

/** RFC 7009: a refresh token is revoked with all that came from the same grant, an access token alone. */
export function addRevocationEndpoint(app: FastifyInstance, desk: () => Desk): void {
  addFormEndpoint(app, revokePath, desk, answer)
}

async function answer(request: FormRequest): Promise<Outcome<unknown>> {
  const { form, desk, address } = request
  const client = await authenticated(request)
  if (!client.ok) return client
  const token = form.get('token')
  if (token === undefined) return refuse('invalid_request', 'The token parameter is required.')
  const { clientId } = client.value
  const found = (await findAccessToken(token, desk)) ?? (await findFamily(token, desk))
  // RFC 7009 §2.2: 200 also for a token that is unknown. Somebody else's is no different for who asks.
  if (found === undefined || found.clientId !== clientId) return done
  await desk.store.revoke(found.id, found.expiresAtMs)
  const tokenId = found.id
  desk.audit.write({ event: 'token_revoked', clientId, tokenId, subject: found.subject, address })
  desk.metrics.count('barre_sts_revocations_total', {})
  return done
}

const done: Outcome<unknown> = { ok: true, value: '' }

interface Found {
  readonly id: string
  readonly clientId: unknown
  readonly subject: string | undefined
  readonly expiresAtMs: number
}

async function findAccessToken(token: string, { ownTokens }: Desk): Promise<Found | undefined> {
  const payload = await ownTokens.read(token)
  if (payload?.jti === undefined) return undefined
  const { jti, sub, exp = 0, client_id: clientId } = payload
  return { id: jti, clientId, subject: sub, expiresAtMs: exp * 1000 }
}

async function findFamily(token: string, { store, services }: Desk): Promise<Found | undefined> {
  const family = await store.findFamily(tokenHash(token), services.now())
  if (family === undefined) return undefined
  const { clientId, subject } = family.content
  return { id: family.id, clientId, subject, expiresAtMs: family.expiresAtMs }
}
