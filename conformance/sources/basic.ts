import { randomBytes } from 'node:crypto'
import { allowPlainPasswords } from 'barre/core'
import type { SourceKit } from '../harness/calling-kit.ts'
import { whoeverCalls } from './whoever-calls.ts'

/** A user name and a password. */
export const basic: SourceKit = {
  folder: 'basic',
  async prepare() {
    const user = { username: 'machine', password: randomBytes(12).toString('hex') }
    return {
      auth: user,
      accepts: { fileUserStoreConfig: { users: [user], [allowPlainPasswords]: true } },
      on: whoeverCalls('machine'),
      renews: false,
    }
  },
}
