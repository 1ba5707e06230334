import type { Services } from '../../core/index.ts'
import { hashPassword, needsRehash } from '../../crypto/index.ts'
import type { UserStoreConfig } from './user-store.ts'
import type { User } from './users.ts'

/** How many users' passwords are hashed anew at once; one more waits for its next login. */
export const rehashesMax = 16

/** Hashes a right password anew where its stored form is weaker than today's, beside the login. */
export function createRehash(
  config: Pick<UserStoreConfig, 'replace'>,
  services: Pick<Services, 'log'>,
): (user: User, password: string) => void {
  const underWay = new Set<string>()
  const rehash = async (username: string, previous: string, password: string): Promise<void> => {
    try {
      const hash = await hashPassword(password)
      // A full queue has the next login to try again.
      if (hash.ok) await config.replace?.(username, hash.value, previous)
    } catch (error) {
      services.log.warn({ username, error }, 'a better hash of a password could not be stored')
    } finally {
      underWay.delete(username)
    }
  }
  return ({ username, stored }, password) => {
    const previous = stored.reveal()
    if (config.replace === undefined) return
    if (underWay.has(username) || underWay.size >= rehashesMax || !needsRehash(previous)) return
    underWay.add(username)
    void rehash(username, previous, password)
  }
}
