import { chain } from 'barre/core'
import { decodeJwt } from 'barre/jose'
import { formDecode } from '../form.ts'
import { fromDenial, refuse } from '../oauth-error.ts'
import { secretProof } from './proofs.ts'
import type { Awaitable, Denial, Services } from 'barre/core'
import type { Client, ClientStore } from './client.ts'
import type { Form } from '../form.ts'
import type { Outcome } from '../oauth-error.ts'
import type { ClientCertificate, Presented } from './proofs.ts'

/** What a request says of its client, beside its body. */
export interface ClientEvidence {
  /** Every Authorization value. */
  readonly authorization: readonly string[]
  readonly certificate?: ClientCertificate
}

/** Finds out which client sent a request. */
export type ClientAuthentication = (evidence: ClientEvidence, form: Form) => Awaitable<Outcome<Client>>

/** The longest client id or secret that is looked at, in characters. */
export const credentialMaxLength = 256

// RFC 7523 §2.2
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const saltBytes = 16
const tagBytes = 32

/** One proof per client, in constant time for whoever tries: an unknown client costs what a wrong secret costs. */
export function clientAuthentication(
  store: ClientStore,
  pepper: string,
  services: Pick<Services, 'random'>,
): ClientAuthentication {
  const hash = { ...store.secretCost, salt: services.random(saltBytes), tag: services.random(tagBytes) }
  const decoy = secretProof(hash, pepper)
  return (evidence, form) => {
    const presented = readPresented(evidence, form)
    if (!presented.ok) return presented
    return chain(store.find(presented.value.clientId), (client) =>
      chain((client?.proof ?? decoy).prove(presented.value), (denial) => decide(client, denial)),
    )
  }
}

function decide(client: Client | undefined, denial: Denial | undefined): Outcome<Client> {
  if (client !== undefined && denial === undefined) return { ok: true, value: client }
  if (denial?.code === 'throttled' || denial?.code === 'unavailable') return fromDenial(denial, '')
  return failed(denial?.detail ?? 'unknown client')
}

function failed(detail: string): Outcome<never> {
  return refuse('invalid_client', 'Client authentication failed.', { detail })
}

/** RFC 6749 §2.3: exactly one method in each request. */
function readPresented({ authorization, certificate }: ClientEvidence, form: Form): Outcome<Presented> {
  const clientId = form.get('client_id')
  const clientSecret = form.get('client_secret')
  const assertion = form.get('client_assertion')
  if (authorization.length > 1) {
    return refuse('invalid_request', 'The request has more than one Authorization header.')
  }
  const [header] = authorization
  const ways =
    Number(header !== undefined) + Number(clientSecret !== undefined) + Number(assertion !== undefined)
  if (ways > 1) {
    return refuse('invalid_request', 'The client used more than one way to authenticate.')
  }
  if (header !== undefined) return readHeader(header, clientId)
  if (assertion !== undefined) return readAssertion(assertion, form)
  if (clientId === undefined) return refuse('invalid_client', 'The request has no client authentication.')
  if (clientSecret !== undefined) return bounded({ kind: 'client_secret_post', clientId, clientSecret })
  return bounded({ kind: 'identifier', clientId, ...(certificate && { certificate }) })
}

function readHeader(header: string, clientId: string | undefined): Outcome<Presented> {
  const basic = readBasic(header)
  if (basic === undefined) return failed('the Authorization header is not well-formed Basic')
  if (clientId !== undefined && clientId !== basic.clientId) {
    return refuse('invalid_request', 'The client_id parameter names another client.')
  }
  return bounded(basic)
}

function readAssertion(assertion: string, form: Form): Outcome<Presented> {
  if (form.get('client_assertion_type') !== assertionType) {
    return refuse('invalid_request', `The client_assertion_type must be ${assertionType}.`)
  }
  const decoded = decodeJwt(assertion)
  // The claim only says who checks the assertion; the client's validator then demands it.
  const subject = decoded.ok ? decoded.value.payload.sub : undefined
  if (subject === undefined) return failed('the assertion is no JWT with a sub')
  const clientId = form.get('client_id')
  if (clientId !== undefined && clientId !== subject) {
    return refuse('invalid_request', 'The client_id parameter names another client.')
  }
  return bounded({ kind: 'assertion', clientId: subject, assertion })
}

function bounded(presented: Presented): Outcome<Presented> {
  const secret = 'clientSecret' in presented ? presented.clientSecret : ''
  const fits = presented.clientId.length <= credentialMaxLength && secret.length <= credentialMaxLength
  return fits ? { ok: true, value: presented } : failed('the client id or secret is too long')
}

/** RFC 6749 §2.3.1: id and secret are form-encoded, then joined by a colon, then base64. */
function readBasic(value: string): Presented | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(value)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return undefined
  const text = bytes.toString('latin1')
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  const clientId = formDecode(text.slice(0, colon))
  const clientSecret = formDecode(text.slice(colon + 1))
  return clientId && clientSecret ? { kind: 'client_secret_basic', clientId, clientSecret } : undefined
}
