import { ConfigError, ok, refuse } from '../../core/index.ts'
import type { Awaitable, Result, Services } from '../../core/index.ts'
import { equalSecrets, queuePasswordWork, verifyArgon2id } from '../../crypto/index.ts'
import type { Argon2idHash } from '../../crypto/index.ts'
import { rememberSuccess } from './remembered-check.ts'
import type { User } from './users.ts'

/** How many different hash costs one store may mix: every check pays each of them once. */
export const costsMax = 4

/** Answers whether `password` is the user's; `user` is `undefined` where nobody has the name `username`. */
export type PasswordCheck = (
  user: User | undefined,
  username: string,
  password: string,
) => Awaitable<Result<boolean>>

/**
 * A check that costs the same for every user of a store, and for none: one hash for each cost that the store holds,
 * the user's own where it has that cost, else a decoy. So its duration does not tell who exists, or how their
 * password is stored.
 */
export function createPasswordCheck(
  users: Iterable<User>,
  services: Pick<Services, 'now' | 'random'>,
  path: string,
): PasswordCheck {
  const decoys = collectDecoys(users, services)
  if (decoys.size > costsMax) {
    throw new ConfigError(path, `expected at most ${costsMax} different hash costs, found ${decoys.size}`)
  }
  const unmatchable = services.random(32)
  const check: PasswordCheck = (user, _username, password) => {
    const plain = user !== undefined && user.hash === undefined ? user.stored.reveal() : unmatchable
    const matchesPlain = equalSecrets(password, plain) && plain !== unmatchable
    if (decoys.size === 0) return ok(matchesPlain)
    const matches = queuePasswordWork(() => matchesHash(decoys, user, password))
    if (matches === undefined)
      return refuse('throttled', 'too many password checks wait', { retryAfterSeconds: 1 })
    return matches.then((matchesOwn) => ok(matchesOwn || matchesPlain))
  }
  return decoys.size === 0 ? check : rememberSuccess(check, services)
}

async function matchesHash(
  decoys: ReadonlyMap<string, Argon2idHash>,
  user: User | undefined,
  password: string,
): Promise<boolean> {
  let matches = false
  for (const [cost, decoy] of decoys) {
    const own = user?.hash !== undefined && costOf(user.hash) === cost ? user.hash : undefined
    const same = await verifyArgon2id(password, own ?? decoy)
    if (own !== undefined) matches = same
  }
  return matches
}

function collectDecoys(
  users: Iterable<User>,
  services: Pick<Services, 'random'>,
): ReadonlyMap<string, Argon2idHash> {
  const decoys = new Map<string, Argon2idHash>()
  for (const { hash } of users) {
    if (hash === undefined || decoys.has(costOf(hash))) continue
    decoys.set(costOf(hash), {
      ...hash,
      salt: services.random(hash.salt.length),
      tag: services.random(hash.tag.length),
    })
  }
  return decoys
}

function costOf({ memoryKib, passes, lanes, tag }: Argon2idHash): string {
  return `${memoryKib} ${passes} ${lanes} ${tag.length}`
}
