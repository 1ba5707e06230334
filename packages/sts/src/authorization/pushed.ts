import { formOf } from '../form.ts'
import { refuse } from '../oauth-error.ts'
import { addFormEndpoint, authenticated, tooMany } from '../endpoints/answer.ts'
import { pushPath } from '../endpoints/paths.ts'
import { tokenHash } from '../tokens/access-token.ts'
import { readAuthorizationRequest, readRedirectUri } from './request.ts'
import type { FastifyInstance } from 'fastify'
import type { Desk } from '../desk.ts'
import type { FormRequest } from '../endpoints/answer.ts'
import type { Form } from '../form.ts'
import type { Outcome } from '../oauth-error.ts'

/** How long a pushed request waits for its browser, in seconds. */
export const pushedMaxSeconds = 90

const prefix = 'urn:ietf:params:oauth:request_uri:'
const nameBytes = 32

/** RFC 9126: the client sends the request itself, and the browser only its name. */
export function addPushEndpoint(app: FastifyInstance, desk: () => Desk): void {
  addFormEndpoint(app, pushPath, desk, answer)
}

/** What never belongs to the request itself. */
const ofClient: ReadonlySet<string> = new Set(['client_secret', 'client_assertion', 'client_assertion_type'])

async function answer(request: FormRequest): Promise<Outcome<unknown>> {
  const { form, desk, reply, address } = request
  const client = await authenticated(request)
  if (!client.ok) return client
  if (form.get('request_uri') !== undefined) {
    return refuse('invalid_request', 'A pushed request has no request_uri.')
  }
  const redirectUri = readRedirectUri(client.value, form)
  if (!redirectUri.ok) return redirectUri
  const read = readAuthorizationRequest(client.value, redirectUri.value, form)
  if (!read.ok) return read
  if (client.value.authenticationMethod === 'none') {
    const retryAfterSeconds = desk.logins.waitSeconds(address)
    if (retryAfterSeconds > 0) return tooMany(retryAfterSeconds)
    desk.logins.count(address)
  }
  const { services, store } = desk
  const { clientId } = client.value
  const name = Buffer.from(services.random(nameBytes)).toString('base64url')
  const parameters = form.entries().filter(([key]) => !ofClient.has(key))
  await store.addTicket({
    kind: 'pushed',
    hash: tokenHash(name),
    content: { clientId, parameters },
    expiresAtMs: services.now() + pushedMaxSeconds * 1000,
  })
  desk.audit.write({ event: 'request_pushed', clientId, address })
  reply.status(201)
  return { ok: true, value: { request_uri: prefix + name, expires_in: pushedMaxSeconds } }
}

/** A request that was pushed. */
export interface Pushed {
  readonly hash: string
  readonly form: Form
}

/** What a client pushed under a name; `undefined` when nothing is, or another client did. */
export async function findPushed(
  requestUri: string,
  clientId: string,
  { store, services }: Desk,
): Promise<Pushed | undefined> {
  if (!requestUri.startsWith(prefix)) return undefined
  const hash = tokenHash(requestUri.slice(prefix.length))
  const content = (await store.readTicket('pushed', hash, services.now())) as PushedContent | undefined
  return content?.clientId === clientId ? { hash, form: formOf(content.parameters) } : undefined
}

interface PushedContent {
  readonly clientId: string
  readonly parameters: readonly (readonly [name: string, values: readonly string[]])[]
}
