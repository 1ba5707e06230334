import { createHash } from 'node:crypto'
import type { Awaitable, Services } from '../../core/index.ts'
import { argon2idForm, equalSecrets, parseArgon2id, verifyArgon2id } from '../../crypto/index.ts'
import type { Argon2idHash } from '../../crypto/index.ts'

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
  { form: argon2idForm, prefix: /^\$argon2id\$/, parse: (stored) => toArgon2id(parseArgon2id(stored)) },
  { form: '@sha256:{...}, @sha384:{...} or @sha512:{...} in hex', prefix: /^@sha\d+:/, parse: parseDigest },
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

function toArgon2id(hash: Argon2idHash | undefined): StoredHash | undefined {
  if (hash === undefined) return undefined
  const { memoryKib, passes, lanes, salt, tag } = hash
  return {
    cost: `argon2id ${memoryKib} ${passes} ${lanes} ${tag.length}`,
    verify: (password) => verifyArgon2id(password, hash),
    decoy: (random) => toArgon2id({ ...hash, salt: random(salt.length), tag: random(tag.length) })!,
  }
}

const digestLengths: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 64 }

/** Ballerina 0.991's digests. They have no salt and cost nothing: fit to be read, not to be written. */
function parseDigest(stored: string): StoredHash | undefined {
  const [, algorithm = '', hex = ''] = /^@(sha\d+):\{((?:[0-9a-f]{2})+)\}$/i.exec(stored) ?? []
  const digest = Buffer.from(hex, 'hex')
  return digest.length > 0 && digestLengths[algorithm] === digest.length
    ? toDigest(algorithm, digest)
    : undefined
}

function toDigest(algorithm: string, digest: Uint8Array): StoredHash {
  return {
    cost: algorithm,
    verify: (password) => equalSecrets(createHash(algorithm).update(password).digest(), digest),
    decoy: (random) => toDigest(algorithm, random(digest.length)),
  }
}
