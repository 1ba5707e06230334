import { decodeUnreserved } from './unreserved.ts'

/** What a hub is asked for, and must ask back about. */
export interface Intent {
  readonly mode: 'subscribe' | 'unsubscribe'
  readonly topic: string
  readonly untilMs: number
}

/** What we confirmed to a hub, until when. */
export interface Confirmed {
  readonly topic: string
  readonly endsAtMs: number
}

export type Verdict =
  | {
      readonly kind: 'confirm'
      readonly intent: Intent
      readonly challenge: string
      readonly endsAtMs: number
    }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'refuse'; readonly problem: string }

/** The longest challenge that is echoed, in bytes. */
export const challengeMaxBytes = 1024

/**
 * Judges a hub's request to verify (WebSub §5.2, §5.3): it is confirmed only while we want exactly this. `intent` is
 * what we asked for and have not confirmed yet.
 */
export function judgeVerification(
  query: URLSearchParams,
  intent: Intent | undefined,
  nowMs: number,
): Verdict {
  const one = (name: string): string | undefined => {
    const values = query.getAll(name)
    return values.length === 1 ? values[0] : undefined
  }
  const mode = one('hub.mode')
  if (intent === undefined || nowMs >= intent.untilMs) return refuse('nothing was asked for')
  if (decodeUnreserved(one('hub.topic') ?? '') !== decodeUnreserved(intent.topic))
    return refuse('another topic was asked for')
  if (mode === 'denied') {
    return { kind: 'denied', reason: (one('hub.reason') ?? '').slice(0, reasonMaxLength) }
  }
  if (mode !== intent.mode) return refuse('another mode was asked for')
  return judgeConfirmation(intent, one('hub.challenge') ?? '', one('hub.lease_seconds') ?? '', nowMs)
}

function judgeConfirmation(intent: Intent, challenge: string, lease: string, nowMs: number): Verdict {
  // WebSub §8.2: nobody may have a file of theirs served by us.
  if (!/^[\x20-\x7e]+$/.test(challenge) || challenge.length > challengeMaxBytes) {
    return refuse(`hub.challenge is not text of 1 to ${challengeMaxBytes} bytes`)
  }
  if (intent.mode === 'unsubscribe') return { kind: 'confirm', intent, challenge, endsAtMs: nowMs }
  if (!/^0*[1-9]\d{0,9}$/.test(lease)) return refuse('hub.lease_seconds is not a number of seconds')
  return { kind: 'confirm', intent, challenge, endsAtMs: nowMs + Number(lease) * 1000 }
}

/** Of a hub's reason that much goes to the program and the log, in characters. */
const reasonMaxLength = 500

function refuse(problem: string): Verdict {
  return { kind: 'refuse', problem }
}
