import { createHmac } from 'node:crypto'
import { BoundedCache, chain, ok, singleFlight } from '../../core/index.ts'
import type { Result, Services } from '../../core/index.ts'
import type { PasswordCheck } from './password-check.ts'
import type { User } from './users.ts'

/** How long a password that was right needs no second hash, in milliseconds. */
export const successMaxAgeMs = 60_000
/** How many right passwords are remembered. */
export const successMax = 1_000

/**
 * Remembers which passwords were right, never which were wrong, and no password: keys are HMACs under a random key
 * that this store alone has, over the stored form too, so that a changed password ends its entry. Checks of the same
 * password at the same time share one hash.
 */
export function rememberSuccess(
  check: PasswordCheck,
  services: Pick<Services, 'now' | 'random'>,
): PasswordCheck {
  const pepper = services.random(32)
  const proven = new BoundedCache<string, true>({ maxEntries: successMax, maxBytes: successMax })
  const share = singleFlight<string, Result<boolean>>()
  return (user, username, password) => {
    // Also for a user that is not there: even this little work must not tell.
    const key = toKey(pepper, user, username, password)
    if (proven.get(key, services.now()) === true) return ok(true)
    return chain(
      share(key, () => check(user, username, password)),
      (checked) => {
        const expiresAtMs = services.now() + successMaxAgeMs
        if (checked.ok && checked.value) proven.set(key, true, { bytes: 1, expiresAtMs })
        return checked
      },
    )
  }
}

function toKey(pepper: Uint8Array, user: User | undefined, username: string, password: string): string {
  // The name as it was sent: two names that are both unknown must not share a hash, as two users do not.
  const parts = [user?.stored.reveal(), username, password]
  // As JSON, so that the parts cannot run into each other.
  return createHmac('sha256', pepper).update(JSON.stringify(parts)).digest('base64')
}
