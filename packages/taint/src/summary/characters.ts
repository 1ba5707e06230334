import { EVERY, maskOf } from '../models/index.ts'

/**
 * What a text is harmless for once some characters cannot be in it. A pattern that deletes or refuses characters is
 * read here; one that is more than a set of characters says nothing.
 */
export interface Characters {
  has(character: string): boolean
}

/** Characters that a danger needs: without every one of a row, that danger is gone. */
const NEEDED: readonly (readonly [characters: string, kinds: readonly string[]])[] = [
  ['<', ['html']],
  ['\n', ['log']],
  ['/', ['path-absolute', 'path-climbing']],
  ['.', ['path-climbing']],
  ['_', ['prototype-key']],
  [';&|$`<>', ['command']],
  ['/\\:', ['redirect', 'ssrf']],
  ['[](){}*+?', ['regex']],
  ['()*', ['ldap']],
]

/** The kinds that a text without these characters is no danger for. */
export function kindsWithout(absent: Characters): number {
  let kinds = 0
  for (const [characters, names] of NEEDED)
    if (characters.split('').every((one) => absent.has(one))) kinds |= maskOf(names)
  return isWordOnly(absent) ? EVERY : kinds
}

/** Letters, digits, `_` and `-` are all that is left. */
function isWordOnly(absent: Characters): boolean {
  for (let code = 0; code < 128; code += 1) {
    const one = String.fromCharCode(code)
    if (!/[\w-]/.test(one) && !absent.has(one)) return false
  }
  return true
}

/** The characters of which a pattern matches any, as `[<>&]`, `<|>` or `\n`; undefined for any other pattern. */
export function charactersOf(source: string): Characters | undefined {
  const set = /^\(?\[(\^?)((?:\\.|[^\]\\])*)\][+*]?\)?$/s.exec(source)
  if (set !== null) return inSet(set[2] ?? '', set[1] === '^')
  const single = source
    .replace(/^\((.*)\)$/s, '$1')
    .split('|')
    .map(characterOf)
  const known = new Set(single.filter((one) => one !== undefined))
  return known.size < single.length ? undefined : known
}

/** The characters of a set; a negated one matches all that is not in it. */
function inSet(inside: string, isNegated: boolean): Characters | undefined {
  try {
    // oxlint-disable-next-line security/detect-non-literal-regexp -- a set of characters cannot backtrack
    const pattern = new RegExp(`[${isNegated ? '^' : ''}${inside}]`, 's')
    return { has: (character) => pattern.test(character) }
  } catch {
    return undefined
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/** The one character that a part of a pattern stands for. */
function characterOf(part: string): string | undefined {
  if (part.length === 1) return '.^$*+?()[]{}|\\'.includes(part) ? undefined : part
  const escaped = part.length === 2 && part.startsWith('\\') ? part.slice(1) : undefined
  if (escaped === undefined) return undefined
  return ESCAPES.get(escaped) ?? (/\w/.test(escaped) ? undefined : escaped)
}
