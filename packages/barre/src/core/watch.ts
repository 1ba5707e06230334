import type { Denial } from './denial.ts'
import type { Principal } from './principal.ts'

/** What has been revoked: every principal that matches all the members given. */
export interface Revocation {
  readonly issuer?: string
  readonly subject?: string
  readonly tokenId?: string
}

/** Revocation events of this process: caches drop what matches, live connections end. */
export interface Revocations {
  revoke(revocation: Revocation): void
  /** Calls back for each event from now on; returns how to stop. */
  subscribe(listener: (revocation: Revocation) => void): () => void
}

export function createRevocations(): Revocations {
  const listeners = new Set<(revocation: Revocation) => void>()
  return {
    revoke(revocation) {
      const failures: unknown[] = []
      for (const listener of listeners) {
        try {
          listener(revocation)
        } catch (error) {
          failures.push(error)
        }
      }
      // Every listener has heard first: one broken connection must not keep the others open.
      if (failures.length > 0) throw new AggregateError(failures, 'listeners of a revocation failed')
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Whether `revocation` is about this principal. A revocation without members is about nobody. */
export function isRevokedBy(
  principal: Pick<Principal, 'issuer' | 'username' | 'claims'>,
  revocation: Revocation,
): boolean {
  const { issuer, subject, tokenId } = revocation
  if (issuer === undefined && subject === undefined && tokenId === undefined) return false
  return (
    (issuer === undefined || principal.issuer === issuer) &&
    (subject === undefined || (principal.claims['sub'] ?? principal.username) === subject) &&
    (tokenId === undefined || principal.claims['jti'] === tokenId)
  )
}

/** The longest delay that a Node timer takes, in milliseconds; longer waits are re-armed. */
const timerMaxMs = 2 ** 31 - 1

/**
 * Calls `onEnd` once when a live connection's principal expires or is revoked.
 * Returns a disposer, to be called when the connection closes by itself.
 */
export function watch(
  principal: Principal,
  onEnd: (denial: Denial) => void,
  services: { now(): number; readonly revocations?: Revocations },
): () => void {
  let timer: NodeJS.Timeout | undefined
  const dispose = (): void => {
    clearTimeout(timer)
    unsubscribe?.()
  }
  const end = (denial: Denial): void => {
    dispose()
    onEnd(denial)
  }
  const unsubscribe = services.revocations?.subscribe((revocation) => {
    if (isRevokedBy(principal, revocation)) end({ code: 'invalid', detail: 'the credential was revoked' })
  })
  const arm = (expiresAtMs: number): void => {
    const leftMs = expiresAtMs - services.now()
    // Not `<= 0`: an expiry that is no number must end the connection, not keep it.
    if (!(leftMs > 0)) {
      end({ code: 'expired', detail: 'the credential expired' })
      return
    }
    timer = setTimeout(() => arm(expiresAtMs), Math.min(leftMs, timerMaxMs))
    timer.unref()
  }
  if (principal.expiresAtSeconds !== undefined) arm(principal.expiresAtSeconds * 1000)
  return dispose
}
