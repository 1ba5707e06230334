import type { Denial } from './denial.ts'
import type { Principal } from './principal.ts'
import { isRevokedBy } from './revocation.ts'
import type { Revocations } from './revocations.ts'

/** The longest delay that a Node timer takes, in milliseconds; longer waits are re-armed. */
const timerMaxMs = 2 ** 31 - 1
const minuteMs = 60_000

/**
 * Calls `onEnd` once when a live connection's principal expires or is revoked, at once where that has happened already.
 * Returns a disposer, to be called when the connection closes by itself.
 */
export function watch(
  principal: Principal,
  onEnd: (denial: Denial) => void,
  services: { now(): number; readonly revocations?: Revocations },
): () => void {
  let timer: NodeJS.Timeout | undefined
  let hasEnded = false
  const dispose = (): void => {
    hasEnded = true
    clearTimeout(timer)
    unsubscribe?.()
  }
  const end = (denial: Denial): void => {
    if (hasEnded) return
    dispose()
    onEnd(denial)
  }
  const unsubscribe = services.revocations?.subscribe((revocation) => {
    if (isRevokedBy(principal, revocation)) end(revoked)
  })
  const arm = (expiresAtMs: number): void => {
    const leftMs = expiresAtMs - services.now()
    // Not `<= 0`: an expiry that is no number must end the connection, not keep it.
    if (!(leftMs > 0)) {
      end({ code: 'expired', detail: 'the credential expired' })
      return
    }
    timer = setTimeout(() => arm(expiresAtMs), firstPartMs(leftMs))
    timer.unref()
  }
  // Between the handshake and now, a token may have been revoked.
  if (isOfToken(principal) && services.revocations?.isRevoked(principal) === true) end(revoked)
  else if (principal.expiresAtSeconds !== undefined) arm(principal.expiresAtSeconds * 1000)
  return dispose
}

/** Node keeps timers of one delay in one list: a long wait begins with whole minutes, which many connections share. */
function firstPartMs(leftMs: number): number {
  return leftMs < minuteMs ? leftMs : Math.min(leftMs - (leftMs % minuteMs), timerMaxMs)
}

const revoked: Denial = { code: 'invalid', detail: 'the credential was revoked' }

/** A password or a certificate was proven just now, whatever was revoked before. */
function isOfToken({ claims }: Principal): boolean {
  return (claims['iat'] ?? claims['jti'] ?? claims['sid']) !== undefined
}
