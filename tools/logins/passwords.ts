// Why: each form in which a store may keep a password has to be tried.
import { createHash, randomBytes } from 'node:crypto'
import { hashArgon2id } from '../../packages/barre/src/crypto/index.ts'

/** One stored password for each form. */
export async function storedPasswords(): Promise<Readonly<Record<string, string>>> {
  const password = randomBytes(12).toString('hex')
  return {
    plain: password,
    argon2id: await hashArgon2id(password, randomBytes(16)),
    sha256: `@sha256:{${createHash('sha256').update(password).digest('hex')}}`,
    sha512: `@sha512:{${createHash('sha512').update(password).digest('hex')}}`,
  }
}
