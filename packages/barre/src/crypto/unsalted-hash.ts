import { createHash } from 'node:crypto'
import { equalSecrets } from './equal-secrets.ts'

/** A password hash of Ballerina 0.991: unsalted and fast, kept only so that old user stores can be read. */
export interface UnsaltedHash {
  readonly algorithm: 'sha256' | 'sha384' | 'sha512'
  /** Lower case. */
  readonly hex: string
}

const hexDigits = { sha256: 64, sha384: 96, sha512: 128 }

/** What `parseUnsaltedHash` reads, for messages. */
export const unsaltedHashForm = '@sha256:{...}, @sha384:{...} or @sha512:{...} with the digest in hex'

/** Reads `@sha256:{hex}` and its sisters; `undefined` when the text is of another form or length. */
export function parseUnsaltedHash(stored: string): UnsaltedHash | undefined {
  const [, name, hex = ''] = /^@(sha256|sha384|sha512):\{([0-9a-fA-F]+)\}$/.exec(stored) ?? []
  const algorithm = name as UnsaltedHash['algorithm'] | undefined
  if (algorithm === undefined || hex.length !== hexDigits[algorithm]) return undefined
  return { algorithm, hex: hex.toLowerCase() }
}

/** Whether `password` is the one that was hashed. */
export function verifyUnsaltedHash(password: string, { algorithm, hex }: UnsaltedHash): boolean {
  return equalSecrets(createHash(algorithm).update(password).digest('hex'), hex)
}
