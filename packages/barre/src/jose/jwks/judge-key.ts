import { refuse } from '../../core/index.ts'
import type { Result } from '../../core/index.ts'
import type { JwsHeader } from '../jws.ts'
import { selectKey } from '../key-set.ts'
import type { VerificationKey } from '../key.ts'
import { freshnessOf, isCooledDown, isUsable } from './refresh-plan.ts'
import type { FetchHistory, KeyLife } from './refresh-plan.ts'

/** A fetched set and its history. */
export interface KnownKeys {
  readonly keys: readonly VerificationKey[]
  readonly history: FetchHistory
  readonly life: KeyLife
}

/** What to do for a token before its key is judged: nothing, fetch without waiting, or fetch and wait. */
export type Step = 'judge' | 'refresh' | 'wait'

/** `fetching`: an exchange is under way, which costs nothing to join. */
export function stepFor(known: KnownKeys, header: JwsHeader, fetching: boolean, nowMs: number): Step {
  const { history, life } = known
  // While fetching fails the background retries, and calls get their answer at once. Without a failure, keys
  // lack at the start, or after timers slept past the hard end (a suspended machine).
  if (!isUsable(history, life, nowMs)) return history.failures === 0 ? 'wait' : 'judge'
  const mayAsk = isCooledDown(history, nowMs)
  if (isUnknown(known, header) && (mayAsk || fetching)) return 'wait'
  return mayAsk && freshnessOf(history, life, nowMs) === 'due' ? 'refresh' : 'judge'
}

/** The key for a token, by what is known now. */
export function judgeKey(known: KnownKeys, header: JwsHeader, nowMs: number): Result<VerificationKey> {
  const { history, life } = known
  if (!isUsable(history, life, nowMs)) return refuse('unavailable', 'the key set could not be fetched')
  if (isUnknown(known, header) && history.failures > 0) {
    return refuse('unavailable', 'the key of the token is unknown, and a newer key set could not be fetched')
  }
  return selectKey(known.keys, header)
}

/** Whether a newer set may hold the key that this one lacks. A key of that kid for another algorithm is not unknown. */
function isUnknown({ keys }: KnownKeys, header: JwsHeader): boolean {
  const { alg, kid } = header
  return !keys.some((key) => (kid === undefined ? key.verifiers.has(alg) : key.kid === kid))
}
