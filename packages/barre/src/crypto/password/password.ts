import { randomBytes } from 'node:crypto'
import { Secret, ok, refuse } from '../../core/index.ts'
import { argon2idDefaultCost, hashArgon2id, parseArgon2id, verifyArgon2id } from './argon2id.ts'
import { hashBcrypt, parseBcrypt, verifyBcrypt } from './bcrypt.ts'
import { queuePasswordWork } from './password-work.ts'
import { hashPbkdf2, parsePbkdf2, verifyPbkdf2 } from './pbkdf2.ts'
import { hashScrypt, parseScrypt, verifyScrypt } from './scrypt.ts'
import type { Result } from '../../core/index.ts'
import type { Argon2idCost, Argon2idHash } from './argon2id.ts'
import type { Pbkdf2Cost } from './pbkdf2.ts'
import type { ScryptCost } from './scrypt.ts'

/** How a password is hashed; the costs have OWASP's values unless said otherwise. */
export type PasswordHashOptions =
  | { readonly algorithm?: 'argon2id'; readonly cost?: Argon2idCost }
  | { readonly algorithm: 'scrypt'; readonly cost?: ScryptCost }
  | { readonly algorithm: 'pbkdf2'; readonly cost?: Pbkdf2Cost }
  | { readonly algorithm: 'bcrypt'; readonly cost?: number }

export interface PasswordVerdict {
  readonly matches: boolean
  /** Whether the stored hash is weaker than `hashPassword` makes it today: hash again while the password is here. */
  readonly needsRehash: boolean
}

/** The longest password, in bytes. */
export const passwordMaxBytes = 4096

const saltBytes = 16

/**
 * Hashes a password (its UTF-8 bytes as they are) into text to store: argon2id unless `options` say otherwise.
 * `malformed` for an empty or very long one; `throttled` when too many wait. `bcrypt` needs the `bcryptjs`
 * library. Throws a TypeError for a cost that is none, and for bcrypt above 72 bytes.
 */
export async function hashPassword(
  password: string | Secret,
  options: PasswordHashOptions = {},
): Promise<Result<string>> {
  const text = toText(password)
  if (text === '') return refuse('malformed', 'a password cannot be empty')
  if (isTooLong(text)) return refuse('malformed', `a password has at most ${passwordMaxBytes} bytes`)
  return queued(() => hashWith(text, options))
}

function hashWith(password: string, options: PasswordHashOptions): Promise<string> {
  const salt = randomBytes(saltBytes)
  if (options.algorithm === 'scrypt') return hashScrypt(password, salt, options.cost)
  if (options.algorithm === 'pbkdf2') return hashPbkdf2(password, salt, options.cost)
  if (options.algorithm === 'bcrypt') return hashBcrypt(password, salt, options.cost)
  return hashArgon2id(password, salt, options.cost)
}

/**
 * Compares a password with a stored hash of any form: argon2id, scrypt and PBKDF2 as PHC text, bcrypt, and
 * what Ballerina writes. `malformed` when the hash is of no form that is known, or costs too much;
 * `throttled` when too many wait.
 */
export async function verifyPassword(
  password: string | Secret,
  stored: string,
): Promise<Result<PasswordVerdict>> {
  const text = toText(password)
  const check = toCheck(stored)
  if (check === undefined) return refuse('malformed', 'the stored hash is of no form that is known')
  if (isTooLong(text)) return ok({ matches: false, needsRehash: check.needsRehash })
  return queued(async () => ({ matches: await check.verify(text), needsRehash: check.needsRehash }))
}

/** Whether a stored password should be hashed again once it is known: weaker than today's, or no hash at all. */
export function needsRehash(stored: string): boolean {
  return toCheck(stored)?.needsRehash ?? true
}

interface Check {
  readonly needsRehash: boolean
  readonly verify: (password: string) => Promise<boolean>
}

function toCheck(stored: string): Check | undefined {
  const argon2id = parseArgon2id(withoutPadding(stored))
  if (argon2id !== undefined) {
    return { needsRehash: isBelowDefault(argon2id), verify: (text) => verifyArgon2id(text, argon2id) }
  }
  const scrypt = parseScrypt(stored)
  if (scrypt !== undefined) return { needsRehash: true, verify: (text) => verifyScrypt(text, scrypt) }
  const pbkdf2 = parsePbkdf2(stored)
  if (pbkdf2 !== undefined) return { needsRehash: true, verify: (text) => verifyPbkdf2(text, pbkdf2) }
  const bcrypt = parseBcrypt(stored)
  return bcrypt && { needsRehash: true, verify: (text) => verifyBcrypt(text, bcrypt) }
}

/** Ballerina pads the base64 of its hashes, which the PHC form does not. */
export function withoutPadding(stored: string): string {
  return stored.replaceAll(/={1,2}(?=\$|$)/g, '')
}

function isBelowDefault({ memoryKib, passes, lanes, salt, tag }: Argon2idHash): boolean {
  const least = argon2idDefaultCost
  const work = memoryKib * passes
  return (
    memoryKib < least.memoryKib ||
    work < least.memoryKib * least.passes ||
    lanes < least.lanes ||
    salt.length < saltBytes ||
    tag.length < 32
  )
}

async function queued<T>(job: () => Promise<T>): Promise<Result<T>> {
  const outcome = queuePasswordWork(job)
  return outcome === undefined
    ? refuse('throttled', 'too many passwords are being computed')
    : ok(await outcome)
}

function toText(password: string | Secret): string {
  return password instanceof Secret ? password.reveal() : password
}

function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > passwordMaxBytes
}
