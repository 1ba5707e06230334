import { timingSafeEqual } from 'node:crypto'

/** Rounds are 2 to this power. Default of the original and of most others. */
const bcryptDefaultCost = 12
/** The greatest that is computed: about five seconds of the event loop's idle time. */
export const bcryptMaxCost = 16
/** bcrypt looks at no more of a password, so a longer one is refused rather than cut. */
const bcryptPasswordMaxBytes = 72

export interface BcryptHash {
  readonly cost: number
  readonly salt: Uint8Array
  /** 23 bytes; the original keeps one more, which nobody else computes. */
  readonly tag: Uint8Array
}

const standard = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/
// Ballerina: ordinary base64 of 16 bytes of salt and 24 of hash.
const ballerina = /^\$2a\$(\d\d)\$([A-Za-z0-9+/]{54}==)$/

const tagBytes = 23

/** Reads `$2b$..` (also `$2a$`, `$2y$`) and the original's own form; `undefined` for another, or too high a cost. */
export function parseBcrypt(stored: string): BcryptHash | undefined {
  const [, power, salt = '', tag = ''] = standard.exec(stored) ?? []
  if (power !== undefined) return withCost(Number(power), fromBcrypt64(salt, 16), fromBcrypt64(tag, tagBytes))
  const [, rounds, both = ''] = ballerina.exec(stored) ?? []
  if (rounds === undefined) return undefined
  const bytes = Buffer.from(both, 'base64')
  return withCost(Number(rounds), bytes.subarray(0, 16), bytes.subarray(16, 16 + tagBytes))
}

function withCost(cost: number, salt: Uint8Array, tag: Uint8Array): BcryptHash | undefined {
  return cost < 4 || cost > bcryptMaxCost ? undefined : { cost, salt, tag }
}

/** Makes the `$2b$` text. Needs the `bcryptjs` library; throws a TypeError for a password of over 72 bytes. */
export async function hashBcrypt(
  password: string,
  salt: Uint8Array,
  cost: number = bcryptDefaultCost,
): Promise<string> {
  if (!Number.isInteger(cost) || cost < 4 || cost > bcryptMaxCost) {
    throw new TypeError(`the bcrypt cost must be from 4 to ${bcryptMaxCost}`)
  }
  if (isTooLong(password))
    throw new TypeError(`bcrypt takes passwords of at most ${bcryptPasswordMaxBytes} bytes`)
  return compute(password, salt, cost)
}

/** Whether `password` is the one that was hashed. Needs the `bcryptjs` library. */
export async function verifyBcrypt(password: string, { cost, salt, tag }: BcryptHash): Promise<boolean> {
  const text = await compute(password, salt, cost)
  const isSame = timingSafeEqual(fromBcrypt64(text.slice(-31), tagBytes), tag)
  return isSame && !isTooLong(password)
}

function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > bcryptPasswordMaxBytes
}

async function compute(password: string, salt: Uint8Array, cost: number): Promise<string> {
  // An optional peer: only who has such hashes installs it.
  const { hash } = await import('bcryptjs')
  return hash(password, `$2b$${String(cost).padStart(2, '0')}$${toBcrypt64(salt)}`)
}

const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const bcryptAlphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function fromBcrypt64(text: string, length: number): Buffer {
  const base64 = text.replaceAll(/./g, (character) => base64Alphabet[bcryptAlphabet.indexOf(character)]!)
  return Buffer.from(base64, 'base64').subarray(0, length)
}

function toBcrypt64(bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes).toString('base64').replace(/=+$/, '')
  return base64.replaceAll(/./g, (character) => bcryptAlphabet[base64Alphabet.indexOf(character)]!)
}
