import { ConfigError } from '../../core/index.ts'

/** A name (DN) as its parts, spelled alike where a directory would take them for the same. */
export type NameParts = readonly string[]

// RFC 4514 §3, one `type=value`, then what separates it from the next one.
const part =
  /([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+) *= *((?:[^\\,+"<>;]|\\[0-9A-Fa-f]{2}|\\[ "#+,;<=>\\])*)(, *|\+|$)/y

/** The parts of a name in text form (RFC 4514); `undefined` when it is none. */
export function parseName(name: string): NameParts | undefined {
  const parts: string[] = []
  let open: string[] = []
  let separator = ','
  part.lastIndex = 0
  while (part.lastIndex < name.length) {
    const match = part.exec(name)
    if (match === null) return undefined
    const [, type = '', value = '', end = ''] = match
    separator = end
    open.push(`${type.toLowerCase()}=${normalise(value)}`)
    if (end === '+') continue
    parts.push(open.toSorted().join('+'))
    open = []
  }
  // Nothing may follow a separator but another part.
  return separator === '' ? parts : undefined
}

/** Checks a configured name. */
export function checkName(name: string, path: string): string {
  if (parseName(name) !== undefined) return name
  throw new ConfigError(path, 'expected a distinguished name (RFC 4514), as in ou=Users,dc=example,dc=com')
}

/** Whether a name stands below one of the bases, or is one; a text that is no name is not. */
export function isBelow(name: string, bases: readonly string[]): boolean {
  const parts = parseName(name)
  return parts !== undefined && bases.some((base) => endsWith(parts, parseName(base)))
}

/** One spelling per name, for sets and caches. */
export function toNameKey(name: string): string {
  return JSON.stringify(parseName(name) ?? name)
}

function endsWith(parts: NameParts, base: NameParts | undefined): boolean {
  if (base === undefined || base.length > parts.length) return false
  const start = parts.length - base.length
  return base.every((value, index) => parts[start + index] === value)
}

/** The value's bytes as text, in one case and with single spaces, as most attributes are compared. */
function normalise(value: string): string {
  const bytes = value.replaceAll(/(?:\\[0-9A-Fa-f]{2})+/g, (escaped) =>
    Buffer.from(escaped.replaceAll('\\', ''), 'hex').toString(),
  )
  const plain = bytes.replaceAll(/\\([ "#+,;<=>\\])/g, '$1')
  return JSON.stringify(plain.toLowerCase().trim().replaceAll(/\s+/g, ' '))
}
