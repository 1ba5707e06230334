import { createHmac, timingSafeEqual } from 'node:crypto'
import { queuePasswordWork, verifyArgon2id } from 'barre/crypto'
import { formDecode } from '../form.ts'
import { refuse } from '../oauth-error.ts'
import type { Awaitable, Services } from 'barre/core'
import type { AuthenticationMethod, Client, ClientStore } from './client.ts'
import type { Form } from '../form.ts'
import type { Outcome } from '../oauth-error.ts'

/** How a request says which client sent it. */
interface Presented {
  readonly method: AuthenticationMethod
  readonly clientId: string
  readonly clientSecret: string
}

/** Finds out which client sent a token request, from its Authorization values and its body. */
export type ClientAuthentication = (authorization: readonly string[], form: Form) => Promise<Outcome<Client>>

/** The longest client id or secret that is looked at, in characters. */
export const credentialMaxLength = 256

/** One proof per client, in constant time for whoever tries: an unknown client costs what a wrong secret costs. */
export function clientAuthentication(
  store: ClientStore,
  services: Pick<Services, 'random'>,
): ClientAuthentication {
  const matches = secretCheck(store, services)
  return async (authorization, form) => {
    const presented = readPresented(authorization, form)
    if (!presented.ok) return presented
    const { clientId, clientSecret, method } = presented.value
    const client = await store.find(clientId)
    const proven = await matches(client, clientSecret)
    if (proven === undefined) {
      return refuse('temporarily_unavailable', 'Too many clients authenticate now.', { status: 429 })
    }
    if (client === undefined) return failed('unknown client')
    if (!proven) return failed('wrong secret')
    // The secret was right, so this tells nobody anything new.
    if (client.authenticationMethod !== method) return failed(`the client is not registered for ${method}`)
    return { ok: true, value: client }
  }
}

function failed(detail: string): Outcome<never> {
  return refuse('invalid_client', 'Client authentication failed.', { detail })
}

/** RFC 6749 §2.3: exactly one method in each request. */
function readPresented(authorization: readonly string[], form: Form): Outcome<Presented> {
  const clientId = form.get('client_id')
  const clientSecret = form.get('client_secret')
  if (authorization.length > 1) {
    return refuse('invalid_request', 'The request has more than one Authorization header.')
  }
  if (authorization.length === 1) {
    if (clientSecret !== undefined) {
      return refuse('invalid_request', 'The client used more than one way to authenticate.')
    }
    const basic = readBasic(authorization[0]!)
    if (basic === undefined) return failed('the Authorization header is not well-formed Basic')
    if (clientId !== undefined && clientId !== basic.clientId) {
      return refuse('invalid_request', 'The client_id parameter names another client.')
    }
    return bounded(basic)
  }
  if (clientId === undefined || clientSecret === undefined) {
    return refuse('invalid_client', 'The request has no client authentication.')
  }
  return bounded({ method: 'client_secret_post', clientId, clientSecret })
}

function bounded(presented: Presented): Outcome<Presented> {
  const fits =
    presented.clientId.length <= credentialMaxLength && presented.clientSecret.length <= credentialMaxLength
  return fits ? { ok: true, value: presented } : failed('the client id or secret is too long')
}

/** RFC 6749 §2.3.1: id and secret are form-encoded, then joined by a colon, then base64. */
function readBasic(value: string): Presented | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(value)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return undefined
  const [, id, secret] = /^([^:]+):(.+)$/s.exec(bytes.toString('latin1')) ?? []
  const clientId = formDecode(id ?? '')
  const clientSecret = formDecode(secret ?? '')
  return clientId && clientSecret ? { method: 'client_secret_basic', clientId, clientSecret } : undefined
}

const pepperBytes = 32
const saltBytes = 16
const tagBytes = 32

/**
 * Whether a secret is a client's; `undefined` when too many checks wait already. argon2id is slow on purpose; a
 * secret that was right once is known again by its MAC under a key that only this process has. One MAC is kept per
 * client, none for a failure.
 */
function secretCheck(
  store: ClientStore,
  services: Pick<Services, 'random'>,
): (client: Client | undefined, secret: string) => Awaitable<boolean> | undefined {
  const pepper = services.random(pepperBytes)
  const decoy = { ...store.secretCost, salt: services.random(saltBytes), tag: services.random(tagBytes) }
  const known = new WeakMap<Client, Buffer>()
  return (client, secret) => {
    const mac = createHmac('sha256', pepper).update(secret).digest()
    const right = client && known.get(client)
    if (right !== undefined && timingSafeEqual(right, mac)) return true
    return queuePasswordWork(async () => {
      const proven = await verifyArgon2id(secret, client?.secretHash ?? decoy)
      if (proven && client !== undefined) known.set(client, mac)
      return proven
    })
  }
}
