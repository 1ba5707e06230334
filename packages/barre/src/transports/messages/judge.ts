import { announce, guard, refuse } from '../../core/index.ts'
import type { Call, Decision, Denial, Policy, Refusal } from '../../core/index.ts'
import type { Message } from './broker.ts'
import type { MessageSettings } from './options.ts'
import { pause } from './pause.ts'

/** The pauses before a message is judged again whose verdict was an outage, in milliseconds. */
const retryFirstMs = 250
const retryMaxMs = 10_000
/** By how much a broker's clock may be ahead of ours, in milliseconds. */
const clockSkewMs = 10_000

/** A message, and what it is judged by. */
export interface Case {
  readonly message: Message
  readonly call: Call
  readonly policy: Policy
  readonly settings: Pick<MessageSettings, 'maxAgeMs' | 'trustsTime'>
}

/**
 * Decides about a message; waits out an outage, which says nothing about it, as long as the message may grow old.
 * `keepWaiting` is called before each wait. Rejects with the reason of `closing`.
 */
export async function judge(
  { message, call, policy, settings }: Case,
  { now }: { now: () => number },
  closing: AbortSignal,
  keepWaiting: () => void,
): Promise<Decision> {
  const startedAtMs = now()
  for (let attempt = 0; ; attempt++) {
    const stale = findStale(message, settings, now())
    if (stale !== undefined) return refuseOutright(call, stale)
    const decision = await guard(policy, call)
    if (decision.ok || !isOutage(decision.denial)) return decision
    const waitMs = toWaitMs(decision.denial, attempt)
    if (now() + waitMs - startedAtMs > settings.maxAgeMs) return decision
    keepWaiting()
    await pause(waitMs, closing)
  }
}

function isOutage({ code }: Denial): boolean {
  return code === 'unavailable' || code === 'throttled'
}

function toWaitMs({ retryAfterSeconds }: Denial, attempt: number): number {
  const backoffMs = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(attempt, 16))
  return Math.max(backoffMs, (retryAfterSeconds ?? 0) * 1000)
}

/** Why a message is not looked at, whoever sent it; or nothing. */
function findStale(
  { receivedAtMs }: Message,
  { maxAgeMs, trustsTime }: Case['settings'],
  nowMs: number,
): Denial | undefined {
  if (receivedAtMs === undefined) {
    return trustsTime ? refuse('invalid', 'the broker noted no time for the message').denial : undefined
  }
  // A time that is not trusted may still say that a message is old: nobody gains by that.
  if (nowMs - receivedAtMs > maxAgeMs) {
    return refuse('expired', 'the message is older than maxMessageAgeSeconds').denial
  }
  if (trustsTime && receivedAtMs - nowMs > clockSkewMs) {
    return refuse('invalid', 'the time that the broker noted is in the future').denial
  }
  return undefined
}

function refuseOutright(call: Call, denial: Denial): Refusal {
  const refusal = { ok: false, denial, challenges: [], reply: [] } as const
  announce(call, refusal)
  return refusal
}
