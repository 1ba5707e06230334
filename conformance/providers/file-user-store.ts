import { argon2Sync, randomBytes } from 'node:crypto'
import { allowPlainPasswords } from 'barre/core'
import type { ProviderKit } from '../harness/kit.ts'
import { passwordCases } from './password-cases.ts'

/** Users with a password: one hashed, which takes the waiting way through a wire, and one stored as it is. */
export const fileUserStore: ProviderKit = {
  folder: 'file-user-store',
  name: 'fileUserStore',
  readsCertificate: false,
  async prepare() {
    const { password, cases, never } = passwordCases()
    const users = [
      { username: 'alice', password: hash(password), scopes: ['orders'] },
      { username: 'bob', password, scopes: ['stock'] },
    ]
    return {
      // The matrix sends many wrong passwords on purpose.
      entry: { fileUserStoreConfig: { users, loginThrottle: false, [allowPlainPasswords]: true } },
      principal: { id: 'alice', username: 'alice', scheme: 'Basic' },
      asksFor: ['basic'],
      never: { ...never, unavailable: 'the users are read at start' },
      cases,
    }
  },
}

/** At the lowest cost that there is: these passwords guard nothing. */
function hash(text: string): string {
  const nonce = randomBytes(16)
  const cost = { memory: 8, passes: 1, parallelism: 1 }
  const tag = argon2Sync('argon2id', { message: text, nonce, tagLength: 32, ...cost })
  const [salt, sum] = [nonce, tag].map((bytes) => bytes.toString('base64').replace(/=+$/, ''))
  return `$argon2id$v=19$m=8,t=1,p=1$${salt}$${sum}`
}
