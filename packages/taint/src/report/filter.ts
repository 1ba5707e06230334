import type { Module } from '../graph/index.ts'
import type { Item } from './item.ts'

export interface Filtered {
  readonly items: readonly Item[]
  readonly suppressed: readonly { readonly item: Item; readonly reason: string }[]
  /** Suppression comments that no longer suppress anything. */
  readonly unused: readonly { readonly file: string; readonly line: number }[]
}

/** Drops what a comment with a reason excuses, and names comments that excuse nothing. */
export function suppress(
  items: readonly Item[],
  modules: readonly Module[],
  shown: (file: string) => string,
): Filtered {
  const kept: Item[] = []
  const suppressed: { item: Item; reason: string }[] = []
  const used = new Set<string>()
  const byFile = new Map(
    modules
      .filter((module) => module.suppressions.length > 0)
      .map((module) => [shown(module.file), module.suppressions]),
  )
  for (const item of items) {
    const excuse = byFile
      .get(item.file)
      ?.find((one) => (one.line === item.line || one.line === item.line - 1) && one.kinds.includes(item.kind))
    if (excuse === undefined) kept.push(item)
    else {
      suppressed.push({ item, reason: excuse.reason })
      used.add(`${item.file}:${excuse.line}`)
    }
  }
  const unused = [...byFile].flatMap(([file, list]) =>
    list.filter((one) => !used.has(`${file}:${one.line}`)).map((one) => ({ file, line: one.line })),
  )
  return { items: kept, suppressed, unused }
}

/** Ids that a baseline file accepts: findings that were there before. */
export function parseBaseline(text: string): ReadonlySet<string> {
  const parsed: unknown = JSON.parse(text)
  if (!Array.isArray(parsed) || !parsed.every((id) => typeof id === 'string')) {
    throw new TypeError(
      'expected the baseline to be a JSON list of finding ids; write one with --write-baseline',
    )
  }
  return new Set(parsed)
}
