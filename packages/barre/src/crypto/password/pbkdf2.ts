import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(pbkdf2)

export interface Pbkdf2Cost {
  readonly digest: 'sha1' | 'sha256' | 'sha512'
  readonly iterations: number
}

/** OWASP Password Storage Cheat Sheet. */
const pbkdf2DefaultCost: Pbkdf2Cost = { digest: 'sha256', iterations: 600_000 }

/** The most rounds that a stored hash may ask for. */
export const pbkdf2MaxIterations = 10_000_000

export interface Pbkdf2Hash extends Pbkdf2Cost {
  readonly salt: Uint8Array
  readonly tag: Uint8Array
}

// The PHC form, with the padding that the original writes, or without.
const phc =
  /^\$pbkdf2-(sha1|sha256|sha512)\$i=(\d{1,8})\$([A-Za-z0-9+/]{11,86}={0,2})\$([A-Za-z0-9+/]{22,86}={0,2})$/

/** Reads `$pbkdf2-sha256$i=...$salt$hash`; `undefined` for another form or too high a cost. */
export function parsePbkdf2(stored: string): Pbkdf2Hash | undefined {
  const [, digest, rounds, salt = '', tag = ''] = phc.exec(stored) ?? []
  const cost = { digest: digest as Pbkdf2Cost['digest'], iterations: Number(rounds) }
  if (digest === undefined || !isAffordable(cost)) return undefined
  return { ...cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

export async function hashPbkdf2(
  password: string,
  salt: Uint8Array,
  cost: Pbkdf2Cost = pbkdf2DefaultCost,
): Promise<string> {
  if (!isAffordable(cost)) throw new TypeError('the PBKDF2 cost is not one')
  const tag = await derive(password, salt, cost.iterations, 32, cost.digest)
  return `$pbkdf2-${cost.digest}$i=${cost.iterations}$${toText(salt)}$${toText(tag)}`
}

export async function verifyPbkdf2(password: string, hash: Pbkdf2Hash): Promise<boolean> {
  const { salt, iterations, tag, digest } = hash
  return timingSafeEqual(await derive(password, salt, iterations, tag.length, digest), tag)
}

function isAffordable({ iterations }: Pbkdf2Cost): boolean {
  return Number.isInteger(iterations) && iterations >= 1 && iterations <= pbkdf2MaxIterations
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
