import { maskOf } from '../models/index.ts'
import { charactersOf, kindsWithout } from './characters.ts'
import { CLIMBING, UNNORMALISED } from './path-facts.ts'

/** `text.replace(pattern, by)`, as far as it is written in the program. */
export interface Replacement {
  /** The pattern, without slashes and flags. */
  readonly source: string
  readonly isGlobal: boolean
  /** What comes in its place; undefined where a function decides. */
  readonly by: string | undefined
}

/** Kinds that a text which had `cleared` before is no danger for after the replacement. */
export function afterReplacing(replacement: Replacement, cleared: number): number {
  const { source, isGlobal, by } = replacement
  if (LEADING_CLIMBS.test(source) && (cleared & UNNORMALISED) !== 0) return CLIMBING
  if (isGlobal && (source === '\\.\\.' || source.split('|').includes('\\.\\.'))) return CLIMBING
  const matched = charactersOf(source)
  if (matched === undefined) return 0
  if (!isGlobal) return breaksPrototype(source, by) ? PROTOTYPE_KEY : 0
  return (
    escapedKinds(source, by) | kindsWithout({ has: (one) => matched.has(one) && by?.includes(one) !== true })
  )
}

/** What climbs out of a normalised path stands at its beginning. */
const LEADING_CLIMBS = /^\^?\(\\\.\\\.(?:\\?\/|\[\\?\/\\\\\]|\[\\\\\\?\/\])\)[+*]$/

const PROTOTYPE_KEY = maskOf(['prototype-key'])

/** One underscore of `__proto__` made something else is enough. */
function breaksPrototype(source: string, by: string | undefined): boolean {
  return source.length === 1 && '__proto__'.includes(source) && by !== undefined && by !== '' && by !== source
}

/** Escapes: the character stays, in a form that is text where it is meant to go. */
const ESCAPED: readonly (readonly [matched: string, by: RegExp, kinds: readonly string[]])[] = [
  ["'", /^'(?:\\'|"'")'$/, ['command']],
  ["'", /^''$/, ['sql']],
  ['.*+?(', /^\\+\$&$/, ['regex']],
]

function escapedKinds(source: string, by: string | undefined): number {
  const matched = charactersOf(source)
  if (by === undefined || matched === undefined) return 0
  return ESCAPED.filter(
    ([characters, form]) => characters.split('').every((one) => matched.has(one)) && form.test(by),
  )
    .map(([, , kinds]) => maskOf(kinds))
    .reduce((all, kinds) => all | kinds, 0)
}
