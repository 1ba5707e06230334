import { refuse } from '../oauth-error.ts'
import { matchesRedirectUri } from '../clients/redirect-uri.ts'
import { narrowAudience, narrowScopes } from '../tokens/narrow.ts'
import type { Client } from '../clients/client.ts'
import type { Form } from '../form.ts'
import type { Outcome } from '../oauth-error.ts'

/** An authorization request whose every part was checked: what a user is asked to allow. */
export interface AuthorizationRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly state?: string
  readonly codeChallenge: string
  readonly dpopKey?: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
}

/** The longest `state`, in characters. */
export const stateMaxLength = 2048

/**
 * Where an answer may be sent: before this is known, nothing is (RFC 6749 §4.1.2.1). The URI must be one of the
 * client's, and named.
 */
export function readRedirectUri(client: Client, form: Form): Outcome<string> {
  if (!client.grants.has('authorization_code')) {
    return refuse('unauthorized_client', 'The client may not send users here.')
  }
  const redirectUri = form.get('redirect_uri')
  if (redirectUri === undefined) return refuse('invalid_request', 'The redirect_uri parameter is required.')
  return matchesRedirectUri(client.redirectUris, redirectUri)
    ? { ok: true, value: redirectUri }
    : refuse('invalid_request', 'The redirect_uri is not registered for this client.')
}

/** What a client asks for, within its lists. */
export function readAuthorizationRequest(
  client: Client,
  redirectUri: string,
  form: Form,
): Outcome<AuthorizationRequest> {
  const problem = problemOf(form)
  if (problem !== undefined) return problem
  const scopes = narrowScopes(form.get('scope'), [client.scopes])
  if (!scopes.ok) return scopes
  const audience = narrowAudience(client.audiences, form)
  if (!audience.ok) return audience
  const state = form.get('state')
  const dpopKey = form.get('dpop_jkt')
  return {
    ok: true,
    value: {
      clientId: client.clientId,
      redirectUri,
      ...(state !== undefined && { state }),
      codeChallenge: form.get('code_challenge') ?? '',
      ...(dpopKey !== undefined && { dpopKey }),
      scopes: scopes.value,
      audience: audience.value,
    },
  }
}

const sha256Form = /^[\w-]{43}$/

function problemOf(form: Form): Outcome<never> | undefined {
  if (form.get('response_type') !== 'code') {
    return refuse('unsupported_response_type', 'The response_type must be code.')
  }
  if ((form.get('response_mode') ?? 'query') !== 'query') {
    return refuse('invalid_request', 'The response_mode must be query.')
  }
  if (form.get('request') !== undefined) {
    return refuse('invalid_request', 'Request objects are not supported: push the request.')
  }
  // RFC 9700 §2.1.1: every client, with S256.
  if (form.get('code_challenge_method') !== 'S256' || !sha256Form.test(form.get('code_challenge') ?? '')) {
    return refuse('invalid_request', 'A code_challenge with the method S256 is required.')
  }
  if (!sha256Form.test(form.get('dpop_jkt') ?? 'A'.repeat(43))) {
    return refuse('invalid_request', 'The dpop_jkt is not the thumbprint of a key.')
  }
  if ((form.get('state') ?? '').length > stateMaxLength) {
    return refuse('invalid_request', `The state has more than ${stateMaxLength} characters.`)
  }
  return undefined
}

/** The client's URI with the answer in its query (RFC 6749 §4.1.2), and who answers (RFC 9207). */
export function answerUrl(
  redirectUri: string,
  issuer: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...parameters, iss: issuer })) {
    if (value !== undefined) query.set(name, value)
  }
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query.toString()}`
}
