import { scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Uint8Array, number, object, Buffer>(scrypt)

export interface ScryptCost {
  /** Binary logarithm of the work factor. */
  readonly logWork: number
  readonly blockSize: number
  readonly parallelism: number
}

/** OWASP Password Storage Cheat Sheet: 128 MiB. */
const scryptDefaultCost: ScryptCost = { logWork: 17, blockSize: 8, parallelism: 1 }

/** The most memory that a stored hash may ask for, in bytes: 128 x 2^logWork x blockSize, times parallelism. */
const scryptMaxBytes = 1_073_741_824

export interface ScryptHash extends ScryptCost {
  readonly salt: Uint8Array
  readonly tag: Uint8Array
}

const phc = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** Reads `$scrypt$ln=...,r=...,p=...$salt$hash`; `undefined` for another form or too high a cost. */
export function parseScrypt(stored: string): ScryptHash | undefined {
  const [, logWork, blockSize, parallelism, salt = '', tag = ''] = phc.exec(stored) ?? []
  const cost = { logWork: Number(logWork), blockSize: Number(blockSize), parallelism: Number(parallelism) }
  if (logWork === undefined || !isAffordable(cost)) return undefined
  return { ...cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

export async function hashScrypt(
  password: string,
  salt: Uint8Array,
  cost: ScryptCost = scryptDefaultCost,
): Promise<string> {
  if (!isAffordable(cost)) throw new TypeError('the scrypt cost is not one')
  const tag = await compute(password, salt, cost, 32)
  const { logWork, blockSize, parallelism } = cost
  return `$scrypt$ln=${logWork},r=${blockSize},p=${parallelism}$${toText(salt)}$${toText(tag)}`
}

export async function verifyScrypt(password: string, hash: ScryptHash): Promise<boolean> {
  return timingSafeEqual(await compute(password, hash.salt, hash, hash.tag.length), hash.tag)
}

function isAffordable({ logWork, blockSize, parallelism }: ScryptCost): boolean {
  if (logWork < 1 || blockSize < 1 || parallelism < 1) return false
  return 128 * 2 ** logWork * blockSize * parallelism <= scryptMaxBytes
}

function compute(password: string, salt: Uint8Array, cost: ScryptCost, length: number): Promise<Buffer> {
  const { logWork, blockSize: r, parallelism: p } = cost
  return derive(password, salt, length, { N: 2 ** logWork, r, p, maxmem: 2 * scryptMaxBytes })
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
