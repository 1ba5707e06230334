import type { Expr } from '../graph/index.ts'
import { maskOf } from '../models/index.ts'
import type { Label, Value } from './value.ts'

/**
 * A path is harmless once it can neither start at the root nor climb out with `..`, or once it is normalised and
 * starts with a known folder. Each of these is a kind of its own, ruled out one by one.
 */
export const UNNORMALISED: number = maskOf(['path-unnormalised'])
export const ABSOLUTE: number = maskOf(['path-absolute'])
export const CLIMBING: number = maskOf(['path-climbing'])
const PATH = maskOf(['path'])

export function isHarmlessPath(label: Label): boolean {
  return (label.cleared & ABSOLUTE) !== 0 && (label.cleared & CLIMBING) !== 0
}

/** What text before a path does to it: no root any more, but `..` may climb again. */
export function afterPrefix(prefix: string | undefined): number {
  return prefix === undefined || prefix === '' ? 0 : ABSOLUTE
}

/** What `path.join` does to a part: normalised, and at the root only where it comes first. */
export function afterJoining(isFirst: boolean): number {
  return UNNORMALISED | (isFirst ? 0 : ABSOLUTE)
}

/** What `path.startsWith(prefix)` says. */
export function startsWithFacts(path: Value, prefix: Expr, outcome: boolean): number {
  const text = leading(prefix)
  const isNormalised =
    path.labels.length > 0 && path.labels.every((label) => (label.cleared & UNNORMALISED) !== 0)
  if (outcome) return isNormalised && text?.startsWith('.') !== true && text !== '/' ? PATH : 0
  if (text === '/') return ABSOLUTE
  return isNormalised && text !== undefined && text !== '' && '../'.startsWith(text) ? CLIMBING : 0
}

/** What it says when a path's first character is another one. */
export function firstCharacterFacts(character: unknown): number {
  if (character === '/') return ABSOLUTE
  return character === '.' ? CLIMBING : 0
}

/** What it says when a path does not hold this text. */
export function withoutFacts(text: Expr): number {
  const found = leading(text)
  return found === '..' || found === '../' || found === '.' ? CLIMBING : 0
}

/** What it says when a path does not match this pattern. */
export function mismatchFacts(source: string): number {
  const climbs = ['.', '..', '../', '..\\', '..|..']
  const parts = source.replaceAll(/[()^]/g, '').split('|')
  const isDots = parts.every((part) => climbs.includes(part.replaceAll('\\.', '.').replaceAll('\\/', '/')))
  return isDots && source.includes('\\.') ? CLIMBING : 0
}

/** The constant text that an expression starts with. */
function leading(expr: Expr): string | undefined {
  if (expr.k === 'const') return typeof expr.value === 'string' ? expr.value : undefined
  return expr.k === 'concat' && expr.parts[0] !== undefined ? leading(expr.parts[0]) || undefined : undefined
}
