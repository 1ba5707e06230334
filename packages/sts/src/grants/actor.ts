import { isRecord } from 'barre/core'
import { refuse } from '../oauth-error.ts'
import type { Outcome } from '../oauth-error.ts'
import type { Actor } from '../tokens/access-token.ts'

/** The longest chain of actors in a token, the present one included. */
export const actorsMax = 4

/**
 * The `act` claim of the new token (RFC 8693 §4.1): who acts, in front of those who acted before.
 * A client to whom the subject token was issued acts for nobody else, so it adds nothing; nor
 * does a silent one.
 */
export function actFor(
  actorId: string,
  payload: Readonly<Record<string, unknown>>,
  { isSilent = false }: { readonly isSilent?: boolean } = {},
): Outcome<Actor | undefined> {
  if (payload['may_act'] !== undefined && !mayAct(actorId, payload['may_act'])) {
    return notAccepted('the may_act claim names another actor')
  }
  const chain = payload['act'] === undefined ? [] : readChain(payload['act'])
  if (chain === undefined)
    return notAccepted(`the act claim is malformed or has more than ${actorsMax} actors`)
  const issuedTo = payload['client_id'] ?? payload['azp']
  if (issuedTo !== actorId && !isSilent) chain.unshift({ sub: actorId })
  if (chain.length > actorsMax) return notAccepted(`more than ${actorsMax} actors`)
  return { ok: true, value: chain.reduceRight<Actor | undefined>(nest, undefined) }
}

function notAccepted(detail: string): Outcome<never> {
  return refuse('invalid_request', 'The subject token was not accepted.', { detail })
}

/** RFC 8693 §4.4: who may act, where the subject's issuer says so. Our clients have no issuer but us. */
function mayAct(actorId: string, claim: unknown): boolean {
  return isRecord(claim) && claim['sub'] === actorId && claim['iss'] === undefined
}

/** The actors from the latest to the first; `undefined` when the claim is not such a chain. */
function readChain(claim: unknown): Actor[] | undefined {
  const chain: Actor[] = []
  for (let next = claim; next !== undefined;) {
    if (!isRecord(next) || chain.length === actorsMax) return undefined
    const { sub, iss, act } = next
    if (typeof sub !== 'string' || (iss !== undefined && typeof iss !== 'string')) return undefined
    chain.push({ sub, ...(iss !== undefined && { iss }) })
    next = act
  }
  return chain
}

function nest(inner: Actor | undefined, actor: Actor): Actor {
  return inner === undefined ? actor : { ...actor, act: inner }
}
