import { ConfigError } from '../core/index.ts'
import type { Argon2idCost } from '../crypto/index.ts'

/** `@encrypted:{...}` of Ballerina 0.991: base64 of an IV and AES-128-CBC blocks. */
export interface LegacyValue {
  readonly form: 'legacy'
  readonly iv: Uint8Array
  readonly ciphertext: Uint8Array
}

/** `@encrypted:{v2:...}`: argon2id for the key, AES-256-GCM for the value. docs/decisions/encrypted-values.md */
export interface SealedValue {
  readonly form: 'v2'
  /** Whether it opens only at the key that it was encrypted for. */
  readonly bound: boolean
  readonly cost: Argon2idCost
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  /** The ciphertext and, last, the tag. */
  readonly sealed: Uint8Array
  /** All before the ciphertext, as it is written: the tag covers it. */
  readonly header: string
}

/** The most bytes of a value before it is encrypted. */
export const valueBytesMax = 65_536

export const saltBytes = 16
export const nonceBytes = 12
export const tagBytes = 16

/** RFC 9106's second choice: a person's pass phrase costs a guesser 64 MiB a try. */
export const sealingCost: Argon2idCost = { memoryKib: 65_536, passes: 3, lanes: 4 }
/** The most that a value may ask for: a changed file must not take the machine's memory. */
export const sealingMaxCost: Argon2idCost = { memoryKib: 262_144, passes: 16, lanes: 16 }

const blockBytes = 16
const prefix = '@encrypted:{'
// Twice what the longest value needs, in either form.
const textMax = 4 * valueBytesMax

/** Whether a text stands for an encrypted value, sound or not. */
export function isEncrypted(text: string): boolean {
  return text.startsWith(prefix)
}

/** Reads either form; `undefined` for what is neither, or not written the one way that it can be. */
export function parseEncrypted(text: string): LegacyValue | SealedValue | undefined {
  if (!isEncrypted(text) || !text.endsWith('}') || text.length > textMax) return undefined
  const body = text.slice(prefix.length, -1)
  return body.includes(':') ? parseSealed(body) : parseLegacy(body)
}

/** The same for a value that stands at `key`. Throws ConfigError that names it. */
export function parseWhole(text: string, key = ''): LegacyValue | SealedValue {
  const parsed = parseEncrypted(text)
  if (parsed !== undefined) return parsed
  throw new ConfigError(key, 'not a whole @encrypted:{...} value: copy it again, or encrypt anew')
}

function parseLegacy(body: string): LegacyValue | undefined {
  const bytes = Buffer.from(body, 'base64')
  if (bytes.toString('base64') !== body) return undefined
  if (bytes.length < 2 * blockBytes || bytes.length % blockBytes !== 0) return undefined
  return { form: 'legacy', iv: bytes.subarray(0, blockBytes), ciphertext: bytes.subarray(blockBytes) }
}

const sealedPattern =
  /^(v2:(bound|unbound):([1-9]\d{0,8})\.([1-9]\d{0,8})\.([1-9]\d{0,8}):([\w-]+):([\w-]+):)([\w-]+)$/

function parseSealed(body: string): SealedValue | undefined {
  const match = sealedPattern.exec(body)
  if (match === null) return undefined
  const [, header = '', binding, memory, passes, lanes, ...texts] = match
  const cost = { memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) }
  const [salt, nonce, sealed] = texts.map(fromBase64url)
  if (salt?.length !== saltBytes || nonce?.length !== nonceBytes || sealed === undefined) return undefined
  if (sealed.length <= tagBytes || !isAffordable(cost)) return undefined
  return { form: 'v2', bound: binding === 'bound', cost, salt, nonce, sealed, header }
}

function isAffordable({ memoryKib, passes, lanes }: Argon2idCost): boolean {
  const max = sealingMaxCost
  // RFC 9106 §3.1: at least 8 KiB for each lane.
  return memoryKib >= 8 * lanes && memoryKib <= max.memoryKib && passes <= max.passes && lanes <= max.lanes
}

// Node skips what is not base64url: only a text that it would write the same way is one.
function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** What comes before the ciphertext of a new value. */
export function sealedHeader(parts: Pick<SealedValue, 'bound' | 'cost' | 'salt' | 'nonce'>): string {
  const { memoryKib, passes, lanes } = parts.cost
  // No comma: a shell would take `{a,b}` apart.
  const cost = `${memoryKib}.${passes}.${lanes}`
  const [salt, nonce] = [parts.salt, parts.nonce].map((bytes) => Buffer.from(bytes).toString('base64url'))
  return `v2:${parts.bound ? 'bound' : 'unbound'}:${cost}:${salt}:${nonce}:`
}

/** The text of a sealed value. */
export function formatSealed(header: string, sealed: Uint8Array): string {
  return `${prefix}${header}${Buffer.from(sealed).toString('base64url')}}`
}

/** The text of a legacy value. */
export function formatLegacy(iv: Uint8Array, ciphertext: Uint8Array): string {
  return `${prefix}${Buffer.concat([iv, ciphertext]).toString('base64')}}`
}
