import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { ConfigError, Secret } from '../../core/index.ts'

/** What a fleet keeps of one scope, audience and subject, or of one chain of refresh tokens. */
export interface Entry {
  /** Absent in the entry of a chain. */
  readonly token: Secret | undefined
  /** Milliseconds since the epoch. */
  readonly obtainedAtMs: number
  readonly expiresAtMs: number
  readonly refreshToken: Secret | undefined
  readonly generation: number
}

/** Makes names that say nothing, and texts that only a holder of the key can read or write. */
export interface Sealer {
  name(of: string): string
  seal(name: string, entry: Entry, random: Uint8Array): string
  /** `undefined`: written with another key, for another name, or by nobody of ours. */
  open(name: string, sealed: string): Entry | undefined
}

const algorithm = 'aes-256-gcm'
const keyBytes = 32
export const nonceBytes = 12
const tagBytes = 16
/** The largest sealed entry that is read, in characters; a token's answer has at most half of it. */
const sealedMaxLength = 200_000

/** `key`: 32 bytes in base64. Throws ConfigError that names `path`. */
export function sealer(key: string | Secret, path: string): Sealer {
  const bytes = Buffer.from(key instanceof Secret ? key.reveal() : key, 'base64')
  if (bytes.length !== keyBytes) throw new ConfigError(path, `expected ${keyBytes} bytes in base64`)
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', bytes, '', `barre shared tokens: ${use}`, keyBytes))
  const [nameKey, entryKey] = [derive('names'), derive('entries')]
  return {
    // Keyed: whoever reads the store cannot try secrets of a configuration against it.
    name: (of) => createHmac('sha256', nameKey).update(of).digest('base64url'),
    seal(name, entry, nonce) {
      const cipher = createCipheriv(algorithm, entryKey, nonce, { authTagLength: tagBytes })
      // Bound to its name: an entry that was put in the place of another does not open.
      cipher.setAAD(Buffer.from(name))
      const sealed = Buffer.concat([cipher.update(toText(entry), 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')
    },
    open(name, sealed) {
      if (sealed.length > sealedMaxLength) return undefined
      try {
        return fromText(decrypt(entryKey, name, Buffer.from(sealed, 'base64')))
      } catch {
        return undefined
      }
    },
  }
}

function decrypt(key: Buffer, name: string, sealed: Buffer): string {
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(Buffer.from(name))
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString()
}

function toText({ token, refreshToken, ...plain }: Entry): string {
  return JSON.stringify({ ...plain, token: token?.reveal(), refreshToken: refreshToken?.reveal() })
}

/** What opens was written by one of us, so its form is known. */
function fromText(text: string): Entry {
  const { token, refreshToken, ...plain } = JSON.parse(text) as Plain
  return { ...plain, token: toSecret(token), refreshToken: toSecret(refreshToken) }
}

type Plain = Omit<Entry, 'token' | 'refreshToken'> & {
  readonly token?: string
  readonly refreshToken?: string
}

function toSecret(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text)
}
