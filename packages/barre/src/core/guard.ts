import { decisions } from './events.ts'
import { denialCodes, outranks, refuse } from './denial.ts'
import { isPromise } from './result.ts'
import type { Authenticated } from './provider.ts'
import type { Awaitable, Result } from './result.ts'
import type { Call } from './call.ts'
import type { Decision, Policy, Refusal, Scopes } from './policy.ts'
import type { Denial } from './denial.ts'
import type { Principal } from './principal.ts'

/**
 * Decides a call: who is calling, and whether one of the policy's entries lets them in. Never throws, never
 * rejects.
 */
export function guard(policy: Policy, call: Call): Awaitable<Decision> {
  return decide(policy, call, true)
}

/** The first step of `guard` alone: who is calling, proven strongly enough, whatever their scopes. */
export function authenticate(policy: Policy, call: Call): Awaitable<Decision> {
  return decide(policy, call, false)
}

/**
 * The second step alone, for wires that ask per field or per message. Answers with the refusal, or nothing.
 */
export function authorize(principal: Principal, scopes: Scopes | undefined): Denial | undefined {
  if (scopes === undefined || satisfies(principal.scopes, scopes)) return undefined
  const more = { scopes: listScopes(scopes), scheme: principal.scheme }
  return refuse('insufficient_scope', 'the principal lacks a required scope', more).denial
}

function satisfies(held: ReadonlySet<string>, scopes: Scopes): boolean {
  if (typeof scopes === 'string') return held.has(scopes)
  // An empty list is nobody's permission: `every` alone would call it everyone's.
  if ('all' in scopes) return scopes.all.length > 0 && scopes.all.every((scope) => held.has(scope))
  return scopes.some((scope) => held.has(scope))
}

function listScopes(scopes: Scopes): readonly string[] {
  if (typeof scopes === 'string') return [scopes]
  return 'all' in scopes ? scopes.all : scopes
}

function decide(policy: Policy, call: Call, withScopes: boolean): Awaitable<Decision> {
  const decision = attempt(policy, call, withScopes, 0, undefined)
  if (!decisions.hasSubscribers) return decision
  if (isPromise(decision)) return decision.then((known) => publish(call, known))
  return publish(call, decision)
}

function publish(call: Call, decision: Decision): Decision {
  decisions.publish({ call, decision })
  return decision
}

/** The worst verdict so far, and the entry that gave it. */
interface Verdict {
  readonly denial: Denial
  readonly index: number
}

/** Tries the entries from `start` on; leaves the loop for a promise only where a provider has to wait. */
function attempt(
  policy: Policy,
  call: Call,
  withScopes: boolean,
  start: number,
  worst: Verdict | undefined,
): Awaitable<Decision> {
  let kept = worst
  for (let index = start; index < policy.alternatives.length; index++) {
    const outcome = prove(policy, call, index)
    if (outcome === undefined) continue
    if (isPromise(outcome)) {
      const worstSoFar = kept
      return Promise.resolve(outcome)
        .catch(failClosed)
        .then((known) => settle(policy, call, withScopes, index, known, worstSoFar))
    }
    const judged = judge(policy, withScopes, index, outcome)
    if (judged.ok) return judged
    kept = worse(kept, { denial: judged.denial, index })
  }
  return conclude(policy, call, kept)
}

function settle(
  policy: Policy,
  call: Call,
  withScopes: boolean,
  index: number,
  outcome: Result<Authenticated>,
  worst: Verdict | undefined,
): Awaitable<Decision> {
  const judged = judge(policy, withScopes, index, outcome)
  if (judged.ok) return judged
  return attempt(policy, call, withScopes, index + 1, worse(worst, { denial: judged.denial, index }))
}

/**
 * A provider that throws has a bug; the call is refused, not let through, and the decision record keeps the
 * reason.
 */
function prove(policy: Policy, call: Call, index: number): Awaitable<Result<Authenticated>> | undefined {
  const provider = policy.alternatives[index]!.provider
  try {
    const read = provider.read(call)
    if (read === undefined) return undefined
    // A verdict left out must not pass for an abstention: with `optional` that would let the caller in.
    return read.ok ? (provider.verify(read.value, call) ?? failClosed(new TypeError('no verdict'))) : read
  } catch (error) {
    return failClosed(error)
  }
}

function failClosed(error: unknown): { readonly ok: false; readonly denial: Denial } {
  return refuse(
    'unavailable',
    `the provider failed: ${error instanceof Error ? error.message : 'unknown error'}`,
  )
}

function judge(
  policy: Policy,
  withScopes: boolean,
  index: number,
  outcome: Result<Authenticated>,
): (Decision & { ok: true }) | { ok: false; denial: Denial } {
  if (!isVerdict(outcome)) return failClosed(new TypeError('neither a principal nor a denial'))
  if (!outcome.ok) return outcome
  const { entry, scopes, stepUp } = policy.alternatives[index]!
  const { principal, reply } = outcome.value
  // Who lacks a scope gains nothing from a stronger login, so that is said first.
  const denial = (withScopes ? authorize(principal, scopes) : undefined) ?? stepUp?.(principal)
  if (denial !== undefined) return { ok: false, denial }
  return { ok: true, principal, entry, reply: reply ?? none }
}

/** Whether a provider, which may be untyped code, kept its word. */
function isVerdict(outcome: Result<Authenticated> | undefined): boolean {
  if (outcome?.ok === true) return outcome.value?.principal?.scopes !== undefined
  // A code that no wire can phrase would turn the refusal into an exception there.
  return outcome?.denial !== undefined && denialCodes.includes(outcome.denial.code)
}

const none: readonly never[] = []

function worse(kept: Verdict | undefined, next: Verdict): Verdict {
  return kept === undefined || outranks(next.denial.code, kept.denial.code) ? next : kept
}

function conclude(policy: Policy, call: Call, worst: Verdict | undefined): Decision {
  if (worst !== undefined) return toRefusal(policy, worst.denial, worst.index)
  const sent = call.metadata('authorization').length
  if (sent > 1) return toRefusal(policy, refuse('malformed', 'more than one Authorization value').denial)
  if (sent === 1)
    return toRefusal(policy, refuse('invalid', 'no entry accepts this kind of credential').denial)
  if (policy.optional) return { ok: true, reply: none }
  return toRefusal(policy, refuse('missing', 'no credential was sent').denial)
}

/** A refusal with the challenges of a policy: of the entry that decided, given its index, and of the others. */
export function toRefusal(policy: Policy, denial: Denial, index?: number): Refusal {
  return {
    ok: false,
    denial,
    ...(index === undefined ? {} : { entry: policy.alternatives[index]!.entry }),
    challenges: collectChallenges(policy, denial, index),
    reply: denial.reply ?? none,
  }
}

const askPlainly: Denial = refuse('missing', 'no credential was sent').denial

/** One challenge per scheme: the deciding entry's own first, then what the others would ask of a newcomer. */
function collectChallenges(policy: Policy, denial: Denial, index: number | undefined): readonly string[] {
  const byScheme = new Map<string, string>()
  const collect = (position: number, about: Denial): void => {
    for (const challenge of askFor(policy, position, about)) {
      const scheme = challenge.split(' ', 1)[0]!.toLowerCase()
      if (!byScheme.has(scheme)) byScheme.set(scheme, challenge)
    }
  }
  if (index !== undefined) collect(index, denial)
  // A caller who proved who they are gains nothing from other ways to prove it.
  if (denial.code === 'insufficient_scope' && index !== undefined) return [...byScheme.values()]
  for (let other = 0; other < policy.alternatives.length; other++) {
    if (other !== index) collect(other, index === undefined ? denial : askPlainly)
  }
  return [...byScheme.values()]
}

/** A refusal stays a refusal when the provider cannot phrase it. */
function askFor(policy: Policy, position: number, about: Denial): readonly string[] {
  try {
    return policy.alternatives[position]!.provider.challenges(about)
  } catch {
    return none
  }
}
