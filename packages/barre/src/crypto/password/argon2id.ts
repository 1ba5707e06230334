import { argon2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(argon2)

/** What an argon2id hash costs. */
export interface Argon2idCost {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

/** OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. */
export const argon2idDefaultCost: Argon2idCost = { memoryKib: 19_456, passes: 2, lanes: 1 }

/** The most that a stored hash may ask for: a typing slip must not take the machine's memory. */
export const argon2idMaxCost: Argon2idCost = { memoryKib: 1_048_576, passes: 64, lanes: 16 }

const saltBytes = 16
const tagBytes = 32

/** A parsed `$argon2id$...` text. */
export interface Argon2idHash extends Argon2idCost {
  readonly salt: Uint8Array
  readonly tag: Uint8Array
}

// The PHC string format; version 19 is RFC 9106's.
const phc =
  /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** What `parseArgon2id` reads, for messages. */
export const argon2idForm: string = [
  '$argon2id$v=19$m=...,t=...,p=...$salt$hash in unpadded base64, at most ',
  `m=${argon2idMaxCost.memoryKib},t=${argon2idMaxCost.passes},p=${argon2idMaxCost.lanes}`,
].join('')

/** Reads a stored hash; `undefined` when it is of another form, or asks for too much. */
export function parseArgon2id(stored: string): Argon2idHash | undefined {
  const match = phc.exec(stored)
  if (match === null) return undefined
  const [, memory, passes, lanes, salt = '', tag = ''] = match
  const cost = { memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) }
  if (!isAffordable(cost)) return undefined
  return { ...cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

function isAffordable({ memoryKib, passes, lanes }: Argon2idCost): boolean {
  const max = argon2idMaxCost
  // RFC 9106 §3.1: at least 8 KiB for each lane.
  if (lanes < 1 || lanes > max.lanes || passes < 1 || passes > max.passes) return false
  return memoryKib >= 8 * lanes && memoryKib <= max.memoryKib
}

/** Hashes a password (its UTF-8 bytes as they are) into the PHC text form. `salt` is 16 fresh random bytes. */
export async function hashArgon2id(
  password: string,
  salt: Uint8Array,
  cost: Argon2idCost = argon2idDefaultCost,
): Promise<string> {
  if (salt.length !== saltBytes) throw new TypeError(`expected a salt of ${saltBytes} bytes`)
  const tag = await deriveArgon2id(password, salt, cost, tagBytes)
  const { memoryKib, passes, lanes } = cost
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${toText(salt)}$${toText(tag)}`
}

/** Whether `password` is the one that was hashed. Works in the thread pool. */
export async function verifyArgon2id(password: string, hash: Argon2idHash): Promise<boolean> {
  return timingSafeEqual(await deriveArgon2id(password, hash.salt, hash, hash.tag.length), hash.tag)
}

/** The raw output of argon2id (RFC 9106), `tagLength` bytes long: a key, or the tag of a stored hash. */
export function deriveArgon2id(
  password: string,
  salt: Uint8Array,
  { memoryKib, passes, lanes }: Argon2idCost,
  tagLength: number,
): Promise<Buffer> {
  return derive('argon2id', {
    message: password,
    nonce: salt,
    memory: memoryKib,
    passes,
    parallelism: lanes,
    tagLength,
  })
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
