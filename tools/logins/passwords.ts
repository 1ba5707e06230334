// Why: each form in which a store may keep a password has to be tried.
import { createHash, randomBytes } from 'node:crypto'
import { hashPassword } from '../../packages/barre/src/crypto/index.ts'
import type { PasswordHashOptions } from '../../packages/barre/src/crypto/index.ts'

/** At costs of some milliseconds: the dearer a hash, the better it hides a difference. */
const hashed: Readonly<Record<string, PasswordHashOptions>> = {
  argon2id: { cost: { memoryKib: 4096, passes: 2, lanes: 1 } },
  scrypt: { algorithm: 'scrypt', cost: { logWork: 12, blockSize: 8, parallelism: 1 } },
  pbkdf2: { algorithm: 'pbkdf2', cost: { digest: 'sha256', iterations: 20_000 } },
  bcrypt: { algorithm: 'bcrypt', cost: 7 },
}

/** One stored password for each form. */
export async function storedPasswords(): Promise<Readonly<Record<string, string>>> {
  const password = randomBytes(12).toString('hex')
  const stored: Record<string, string> = { plain: password }
  for (const [name, options] of Object.entries(hashed)) {
    const hash = await hashPassword(password, options)
    if (!hash.ok) throw new Error(hash.denial.detail)
    stored[name] = hash.value
  }
  const digests = ['sha256', 'sha512'].map((name) => [name, createHash(name).update(password).digest('hex')])
  return { ...stored, ...Object.fromEntries(digests.map(([name, hex]) => [name, `@${name}:{${hex}}`])) }
}
