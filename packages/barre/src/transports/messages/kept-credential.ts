import type { CredentialSource, Need, Outgoing, Services } from '../../core/index.ts'
import { isSame, obtain } from '../fetch/index.ts'

/** The credential of a connection that outlives it. */
export interface KeptCredential {
  /** What to present now, at once: libraries ask in the middle of a handshake. */
  current(): Outgoing
  /** Says that the broker refused it: another one is asked for. */
  refused(): void
  close(): Promise<void>
}

/** The part of a credential's life after which another one is asked for; chance spreads that over a tenth. */
const usedShare = 0.8
/** The same where the wire presents the credential again at such a time itself, and shall find the next one. */
const earlyShare = 0.5
const jitterShare = 0.1
/** While there is none yet, one is asked for again after this part of what is left, within bounds. */
const retryShare = 0.2
const retryMinMs = 100
const retryMaxMs = 5_000
/** The longest delay that a Node timer takes, in milliseconds. */
const timerMaxMs = 2 ** 31 - 1

/**
 * Obtains a credential, and another one each time before it ends; `onRenewal` hears of each. Throws CredentialError
 * where there is none to begin with.
 */
export async function keepCredential(
  source: CredentialSource,
  need: Need,
  services: Pick<Services, 'now' | 'random' | 'log'>,
  onRenewal: (renewed: Outgoing) => void,
): Promise<KeptCredential> {
  let current = await obtain(source, need)
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const arm = (delayMs: number): void => {
    if (isClosed) return
    clearTimeout(timer)
    timer = setTimeout(() => void renew(need), Math.min(delayMs, timerMaxMs))
    timer.unref()
  }
  const armForEnd = (): void => {
    const leftMs = leftOf(current, services.now())
    if (leftMs === undefined) return
    const chance = (services.random(1)[0] ?? 0) / 255
    const share = need.early === true ? earlyShare : usedShare
    arm(Math.max(retryMinMs, leftMs * (share + jitterShare * chance)))
  }
  const armForRetry = (): void => {
    const leftMs = leftOf(current, services.now())
    if (leftMs !== undefined) arm(Math.min(retryMaxMs, Math.max(retryMinMs, leftMs * retryShare)))
  }
  const renew = async (asked: Need): Promise<void> => {
    const result = await source.credential(asked)
    if (isClosed) return
    if (!result.ok) {
      services.log.warn({ code: result.denial.code, reason: result.denial.detail }, 'no new credential yet')
      armForRetry()
    } else if (isSame(result.value, current)) {
      // The source gives what it has and renews behind our back; or it can do no better.
      armForRetry()
    } else {
      current = result.value
      armForEnd()
      onRenewal(current)
    }
  }
  armForEnd()
  return {
    current: () => current,
    refused: () => void renew({ ...need, refused: { credential: current, metadata: () => [] } }),
    async close() {
      isClosed = true
      clearTimeout(timer)
      await source.close?.()
    },
  }
}

/** How long a credential still lives, in milliseconds; `undefined`: nobody knows of an end. */
function leftOf(outgoing: Outgoing, nowMs: number): number | undefined {
  const endsAtSeconds = outgoing.kind === 'token' ? outgoing.expiresAtSeconds : undefined
  return endsAtSeconds === undefined ? undefined : Math.max(0, endsAtSeconds * 1000 - nowMs)
}
