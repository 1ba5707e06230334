import { ConfigError } from '../core/index.ts'
import { leavesOf, parseDocument } from './document.ts'
import { isEncrypted, parseEncrypted } from './encrypted-value.ts'
import type { Decrypter } from './decrypter.ts'
import type { Leaf } from './document.ts'
import type { Encrypter } from './encrypter.ts'

/** A configuration text with new values. */
export interface Rotated {
  readonly text: string
  /** The keys whose values were encrypted anew. */
  readonly keys: readonly string[]
}

/** The most encrypted values of one file. */
export const encryptedMax = 10_000

/**
 * Encrypts all values of a TOML text anew, in the authenticated form; everything else of the text stays as it
 * is. Values are bound to their keys, but for those that were unbound before and those whose address is a number.
 * `name` is how messages call the file. Throws ConfigError that names the key.
 */
export async function rotate(
  source: string,
  name: string,
  { from, to }: { readonly from: Decrypter; readonly to: Encrypter },
): Promise<Rotated> {
  const places = findPlaces(source, name)
  const parts: string[] = []
  let at = 0
  for (const { index, text, key } of places) {
    const value = await from.decrypt(text, key)
    const anew = await to.encrypt(value.reveal(), isBound(text, key) ? { key } : {})
    parts.push(source.slice(at, index), anew)
    at = index + text.length
  }
  return { text: parts.join('') + source.slice(at), keys: places.map(({ key }) => key) }
}

function isBound(text: string, key: string): boolean {
  const parsed = parseEncrypted(text)
  // A number changes when an entry is added before: the value would not open there any more.
  return parsed?.form === 'legacy' ? !/\[\d+\]/.test(key) : parsed?.bound === true
}

interface Place {
  readonly index: number
  readonly text: string
  readonly key: string
}

// The parser tells no positions: each candidate is replaced by a mark of its own, and the marks that come back
// as values tell which candidates are values (and not comments), and of which keys.
function findPlaces(source: string, name: string): readonly Place[] {
  const candidates = [...source.matchAll(/@encrypted:\{[^}\r\n]*\}/g)]
  if (candidates.length > encryptedMax) {
    throw new ConfigError('', `${name} has more than ${encryptedMax} encrypted values`)
  }
  let count = 0
  const marked = source.replaceAll(/@encrypted:\{[^}\r\n]*\}/g, () => `@encrypted:{mark${count++}}`)
  const places = encryptedLeaves(marked, name).map(({ path: key, value }): Place => {
    const [, mark] = /^@encrypted:\{mark(\d+)\}$/.exec(value as string) ?? []
    const found = mark === undefined ? undefined : candidates[Number(mark)]
    if (found === undefined) {
      throw new ConfigError(
        key,
        'write the encrypted value as it was printed, without escapes or text around it',
      )
    }
    return { index: found.index, text: found[0], key }
  })
  return places.toSorted((one, other) => one.index - other.index)
}

function encryptedLeaves(source: string, name: string): readonly Leaf[] {
  return leavesOf(parseDocument(source, name)).filter(
    ({ value }) => typeof value === 'string' && isEncrypted(value),
  )
}
