import { CredentialError } from './credential-error.ts'
import type { CredentialSource, Need, Outgoing } from '../../core/index.ts'

/**
 * A copy of `headers` with the credential that `source` has for this call.
 * Throws CredentialError when the source refuses.
 */
export async function enrich(
  headers: RequestInit['headers'],
  source: CredentialSource,
  need: Need = { method: 'GET', target: '' },
): Promise<Headers> {
  return attach(headers, await obtain(source, need))
}

/** The source's credential; its refusal becomes a CredentialError. */
export async function obtain(source: CredentialSource, need: Need): Promise<Outgoing> {
  const result = await source.credential(need)
  if (!result.ok) throw new CredentialError(result.denial)
  return result.value
}

/**
 * A copy of `headers` with the credential as RFC 7617, 6750 or 9449 places it; one that is there is replaced.
 */
export function attach(headers: RequestInit['headers'], outgoing: Outgoing): Headers {
  const enriched = new Headers(headers)
  for (const [name, value] of credentialHeaders(outgoing)) enriched.set(name, value)
  return enriched
}

/** The headers of a credential, in lower case. */
export function credentialHeaders(outgoing: Outgoing): readonly (readonly [name: string, value: string])[] {
  const authorization = ['authorization', toAuthorization(outgoing)] as const
  const proof = outgoing.kind === 'token' ? outgoing.proof : undefined
  return proof === undefined ? [authorization] : [authorization, ['dpop', proof]]
}

/** Whether sending `b` would repeat what was refused with `a`. */
export function isSame(a: Outgoing, b: Outgoing): boolean {
  const proofs = [a, b].map((outgoing) => (outgoing.kind === 'token' ? outgoing.proof : undefined))
  return toAuthorization(a) === toAuthorization(b) && proofs[0] === proofs[1]
}

/** A credential as the value of an Authorization header. */
export function toAuthorization(outgoing: Outgoing): string {
  if (outgoing.kind === 'token') return `${outgoing.scheme} ${outgoing.token.reveal()}`
  const pair = `${outgoing.username}:${outgoing.password.reveal()}`
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
}
