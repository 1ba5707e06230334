import { createHash } from 'node:crypto'
import { BoundedCache, isRevokedBy, ok, singleFlight } from 'barre/core'
import type { Awaitable, Principal, Result, Secret, Services } from 'barre/core'
import type { ExchangeConfig } from '../config.ts'
import type { ExchangedToken, RequestToken } from './request-token.ts'

/** The longest time that an exchanged token is used again, in milliseconds. */
const reuseMaxMs = 60_000
/** Of the cache. */
export const entriesMax = 10_000
const bytesMax = 32 * 1024 * 1024

/** The caller's token, proven, and whom it proves. */
export interface Subject {
  readonly token: string
  readonly principal: Principal
}

/** Exchanges callers' tokens, and remembers each answer for a short while. */
export interface Exchanger {
  /** At once where the answer is remembered. */
  exchange(subject: Subject, wanted: ExchangeConfig): Awaitable<Result<Secret>>
  close(): void
}

interface Entry {
  readonly token: Secret
  readonly principal: Principal
}

/**
 * Keeps an exchanged token for at most a minute, and never longer than itself or the subject token; a revocation
 * ends it at once. Callers who ask for the same thing while it is on its way share one request, and its failure,
 * which is not kept.
 */
export function exchanger(request: RequestToken, services: Pick<Services, 'now' | 'revocations'>): Exchanger {
  const kept = new BoundedCache<string, Entry>({ maxEntries: entriesMax, maxBytes: bytesMax })
  const once = singleFlight<string, Result<ExchangedToken>>()
  let revocations = 0
  const unsubscribe = services.revocations.subscribe((revocation) => {
    revocations++
    for (const [key, { principal }] of kept.entries()) {
      if (isRevokedBy(principal, revocation)) kept.delete(key)
    }
  })

  const fetchToken = async (
    key: string,
    { token, principal }: Subject,
    wanted: ExchangeConfig,
  ): Promise<Result<Secret>> => {
    const [seen, startMs] = [revocations, services.now()]
    // What was on its way when something was revoked is neither shared with later callers nor kept.
    const answer = await once(`${seen} ${key}`, () => request(token, wanted))
    if (!answer.ok) return answer
    const { token: exchanged, lifetimeSeconds } = answer.value
    const expiresAtMs = Math.min(
      startMs + reuseMaxMs,
      startMs + lifetimeSeconds * 1000,
      (principal.expiresAtSeconds ?? 0) * 1000,
    )
    if (seen === revocations && expiresAtMs > services.now()) {
      const bytes = key.length + exchanged.reveal().length
      kept.set(key, { token: exchanged, principal }, { bytes, expiresAtMs })
    }
    return ok(exchanged)
  }

  return {
    exchange(subject, wanted) {
      const key = keyOf(subject.token, wanted)
      const known = kept.get(key, services.now())
      return known === undefined ? fetchToken(key, subject, wanted) : ok(known.token)
    },
    close() {
      unsubscribe()
      kept.clear()
    },
  }
}

/** JSON keeps apart what plain concatenation could run together. */
function keyOf(token: string, { audience, scopes }: ExchangeConfig): string {
  const digest = createHash('sha256').update(token).digest('base64url')
  return JSON.stringify([digest, audience, scopes ?? null])
}
