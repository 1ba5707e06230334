import type { GrantMembers } from './config.ts'
import type { TokenAnswer } from './token-answer.ts'
import type { Need, Secret } from '../../core/index.ts'

/** A token, and what is known of its life. Milliseconds since the epoch. */
export interface HeldToken {
  readonly token: Secret
  readonly scheme: 'Bearer' | 'DPoP'
  readonly obtainedAtMs: number
  /** From then on a new one is obtained while this one is still sent. */
  readonly renewAtMs: number
  readonly expiresAtMs: number
}

/** The part of its life after which a token is renewed; chance spreads that over the tenth after it. */
const usedShare = 0.8
const jitterShare = 0.1
/** How long a token lives whose answer does not say so, in seconds. */
const lifetimeDefaultSeconds = 3600
/** A refused token is replaced at most once in this time: whoever refuses all of them gets no flood. */
const renewalCooldownMs = 30_000

/** `random`: a number from 0 to 1. */
export function holdToken(
  { token, scheme, lifetimeSeconds }: TokenAnswer,
  { defaultTokenExpTime = lifetimeDefaultSeconds, clockSkew = 0 }: GrantMembers,
  nowMs: number,
  random: number,
): HeldToken {
  const lifetimeMs = Math.max(0, ((lifetimeSeconds ?? defaultTokenExpTime) - clockSkew) * 1000)
  return {
    token,
    scheme,
    obtainedAtMs: nowMs,
    renewAtMs: nowMs + lifetimeMs * (usedShare + jitterShare * random),
    expiresAtMs: nowMs + lifetimeMs,
  }
}

/** A token that another process has obtained; its clock may be ahead of ours. */
export function holdShared(
  token: Secret,
  { obtainedAtMs, expiresAtMs }: Pick<HeldToken, 'obtainedAtMs' | 'expiresAtMs'>,
  nowMs: number,
  random: number,
): HeldToken {
  const renewAtMs = obtainedAtMs + (expiresAtMs - obtainedAtMs) * (usedShare + jitterShare * random)
  return { token, scheme: 'Bearer', obtainedAtMs: Math.min(obtainedAtMs, nowMs), renewAtMs, expiresAtMs }
}

/** A token that came from elsewhere: nothing is known of its life, so it serves until it is refused. */
export function holdGivenToken(token: Secret, scheme: HeldToken['scheme']): HeldToken {
  return { token, scheme, obtainedAtMs: -Infinity, renewAtMs: Infinity, expiresAtMs: Infinity }
}

/** When it is to be renewed, in milliseconds since the epoch. */
export function renewalOf({ obtainedAtMs, renewAtMs }: HeldToken, { early }: Need): number {
  // Of a token that came from elsewhere this is no number, and so no time is after it.
  return early === true ? obtainedAtMs + (renewAtMs - obtainedAtMs) / 2 : renewAtMs
}

/** Whether the refused credential was this token. */
export function isRefused(held: HeldToken, { refused }: Need): boolean {
  // The Secret itself is meant: each answer of the token endpoint has made one of its own.
  return refused?.credential.kind === 'token' && Object.is(refused.credential.token, held.token)
}

/** Whether a token may be sent. `forcedAtMs`: when a refusal last caused a renewal. */
export function isUsable(held: HeldToken, need: Need, nowMs: number, forcedAtMs: number): boolean {
  // A clock that was set back makes a token look obtained in the future: how long it lives is then not known.
  if (nowMs < held.obtainedAtMs || nowMs >= held.expiresAtMs) return false
  const lastMs = Math.max(held.obtainedAtMs, forcedAtMs)
  return !isRefused(held, need) || nowMs - lastMs < renewalCooldownMs
}
