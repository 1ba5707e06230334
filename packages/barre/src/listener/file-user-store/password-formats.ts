import { createRequire } from 'node:module'
import type { Awaitable, Services } from '../../core/index.ts'
import {
  argon2idForm,
  parseArgon2id,
  parseBcrypt,
  parsePbkdf2,
  parseScrypt,
  parseUnsaltedHash,
  unsaltedHashForm,
  verifyArgon2id,
  verifyBcrypt,
  verifyPbkdf2,
  verifyScrypt,
  verifyUnsaltedHash,
  withoutPadding,
} from '../../crypto/index.ts'
import type { UnsaltedHash } from '../../crypto/index.ts'

/** A stored hash, ready to be compared with. */
export interface StoredHash {
  /** What a check costs: two hashes of one cost take the same time. */
  readonly cost: string
  verify(password: string): Awaitable<boolean>
  /** A hash of the same cost that no password has. */
  decoy(random: Services['random']): StoredHash
}

/** One way to store a hash of a password. */
export interface PasswordFormat {
  /** What it looks like, for messages. */
  readonly form: string
  /** How every text of this format begins. */
  readonly prefix: RegExp
  parse(stored: string): StoredHash | undefined
}

/** Every format, one row each: nothing outside this table knows one by name. */
export const passwordFormats: readonly PasswordFormat[] = [
  {
    form: argon2idForm,
    prefix: /^\$argon2id\$/,
    // Ballerina pads the base64, which the form does not.
    parse: (stored) =>
      toStored(
        parseArgon2id(withoutPadding(stored)),
        ({ memoryKib, passes, lanes }) => `argon2id ${memoryKib} ${passes} ${lanes}`,
        verifyArgon2id,
      ),
  },
  {
    form: '$scrypt$ln=...,r=...,p=...$salt$hash in unpadded base64',
    prefix: /^\$scrypt\$/,
    parse: (stored) =>
      toStored(
        parseScrypt(stored),
        ({ logWork, blockSize, parallelism }) => `scrypt ${logWork} ${blockSize} ${parallelism}`,
        verifyScrypt,
      ),
  },
  {
    form: '$pbkdf2-sha1, -sha256 or -sha512$i=...$salt$hash in base64',
    prefix: /^\$pbkdf2-/,
    parse: (stored) =>
      toStored(parsePbkdf2(stored), ({ digest, iterations }) => `${digest} ${iterations}`, verifyPbkdf2),
  },
  {
    form: '$2b$... of bcrypt, with the package bcryptjs beside (npm install bcryptjs)',
    prefix: /^\$2[aby]\$/,
    parse: (stored) =>
      hasBcrypt() ? toStored(parseBcrypt(stored), ({ cost }) => `bcrypt ${cost}`, verifyBcrypt) : undefined,
  },
  { form: unsaltedHashForm, prefix: /^@sha\d+:/, parse: (stored) => toDigest(parseUnsaltedHash(stored)) },
]

// `$name$...` and `@name:{...}` are hashes or encrypted values, known here or not: never a password as it is.
const marked = /^\$[a-z0-9-]+\$|^@[a-z0-9]+:\{/i

/** Whether a stored text says that it is a hash. */
export function looksHashed(stored: string): boolean {
  return marked.test(stored)
}

/** Reads a stored hash; else a text that says what was expected. */
export function parseHash(stored: string): StoredHash | string {
  const format = passwordFormats.find(({ prefix }) => prefix.test(stored))
  if (format === undefined) return passwordFormats.map(({ form }) => form).join('; or ')
  return format.parse(stored) ?? format.form
}

interface SaltedHash {
  readonly salt: Uint8Array
  readonly tag: Uint8Array
}

/** A parsed hash, when there is one. */
function toStored<H extends SaltedHash>(
  hash: H | undefined,
  costOf: (hash: H) => string,
  verify: (password: string, hash: H) => Promise<boolean>,
): StoredHash | undefined {
  if (hash === undefined) return undefined
  const { salt, tag } = hash
  return {
    cost: `${costOf(hash)} ${tag.length}`,
    verify: (password) => verify(password, hash),
    decoy: (random) =>
      toStored({ ...hash, salt: random(salt.length), tag: random(tag.length) }, costOf, verify)!,
  }
}

function hasBcrypt(): boolean {
  try {
    createRequire(import.meta.url).resolve('bcryptjs')
    return true
  } catch {
    return false
  }
}

/** Ballerina 0.991's digests. They have no salt and cost nothing: fit to be read, not to be written. */
function toDigest(hash: UnsaltedHash | undefined): StoredHash | undefined {
  if (hash === undefined) return undefined
  return {
    cost: hash.algorithm,
    verify: (password) => verifyUnsaltedHash(password, hash),
    decoy: (random) => toDigest({ ...hash, hex: Buffer.from(random(hash.hex.length / 2)).toString('hex') })!,
  }
}
