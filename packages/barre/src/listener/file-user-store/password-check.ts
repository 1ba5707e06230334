import { ConfigError, ok, refuse } from '../../core/index.ts'
import type { Awaitable, Result, Services } from '../../core/index.ts'
import { equalSecrets, queuePasswordWork } from '../../crypto/index.ts'
import type { StoredHash } from './password-formats.ts'
import type { User } from './users.ts'

/** How many different hash costs one store may mix: every check pays each of them once. */
export const costsMax = 4

/** Answers whether `password` is the user's; `undefined` for a user that is not there. */
export type PasswordCheck = (user: User | undefined, password: string) => Awaitable<Result<boolean>>

/** One hash for each cost that a store holds, of which nobody knows the password. */
export type Decoys = ReadonlyMap<string, StoredHash>

/**
 * A check that costs the same for every user of a store, and for none: one hash for each cost that the store holds,
 * the user's own where it has that cost, else a decoy. So its duration does not tell who exists, or how their
 * password is stored.
 */
export function createPasswordCheck(decoys: Decoys, services: Pick<Services, 'random'>): PasswordCheck {
  const unmatchable = services.random(32)
  return (user, password) => {
    const plain = user !== undefined && user.hash === undefined ? user.stored.reveal() : unmatchable
    const matchesPlain = equalSecrets(password, plain) && plain !== unmatchable
    if (decoys.size === 0) return ok(matchesPlain)
    const matches = queuePasswordWork(() => matchesHash(decoys, user, password))
    if (matches === undefined)
      return refuse('throttled', 'too many password checks wait', { retryAfterSeconds: 1 })
    return matches.then((matchesOwn) => ok(matchesOwn || matchesPlain))
  }
}

async function matchesHash(decoys: Decoys, user: User | undefined, password: string): Promise<boolean> {
  let matches = false
  for (const [cost, decoy] of decoys) {
    const own = user?.hash?.cost === cost ? user.hash : undefined
    const same = await (own ?? decoy).verify(password)
    if (own !== undefined) matches = same
  }
  return matches
}

/** The decoys that a store of these hashes needs. Throws ConfigError where they are too many. */
export function collectDecoys(
  hashes: Iterable<StoredHash | undefined>,
  services: Pick<Services, 'random'>,
  path: string,
): Decoys {
  const decoys = new Map<string, StoredHash>()
  for (const hash of hashes) {
    if (hash === undefined || decoys.has(hash.cost)) continue
    decoys.set(hash.cost, hash.decoy(services.random))
  }
  if (decoys.size <= costsMax) return decoys
  throw new ConfigError(path, `expected at most ${costsMax} different hash costs, found ${decoys.size}`)
}
