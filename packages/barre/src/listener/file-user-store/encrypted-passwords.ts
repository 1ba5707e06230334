import { Secret } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { createDecrypter } from '../../config/index.ts'
import { equalSecrets } from '../../crypto/index.ts'
import type { StoredHash } from './password-formats.ts'

/** Opens the `@encrypted:{...}` passwords of one reading of a store. */
export interface Opener {
  /** `key` is where the value stands in the file: it may be bound to that place. */
  open(stored: string, key: string): StoredHash
  /** Settles once every value is open; rejects with ConfigError when one cannot be opened. */
  all(): Promise<unknown>
}

/** Whether a stored text is an encrypted password. */
export function isEncryptedPassword(stored: string): boolean {
  return stored.startsWith('@encrypted:')
}

/** All are opened at once, one after the other, and every check waits for all: a first check must not tell. */
export function createOpener(secret: string | Secret): Opener {
  const decrypter = createDecrypter(secret instanceof Secret ? secret : new Secret(secret))
  let all: Promise<unknown> = Promise.resolve()
  const toHash = (password: () => string | Uint8Array): StoredHash => ({
    cost: 'encrypted',
    async verify(given) {
      await all
      return equalSecrets(given, password())
    },
    decoy: (random: Services['random']) => {
      const unmatchable = random(32)
      return toHash(() => unmatchable)
    },
  })
  return {
    open(stored, key) {
      let opened: Secret | undefined
      all = all.then(async () => (opened = await decrypter.decrypt(stored, key)))
      // Who waits for `all` hears of it.
      all.catch(() => undefined)
      return toHash(() => opened!.reveal())
    },
    all: () => all,
  }
}
