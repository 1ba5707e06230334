import type { Marks, Span } from '../graph/index.ts'
import { EVERY } from '../models/index.ts'
import type { Frame } from './frame.ts'
import { stepAt } from './frame.ts'
import { textOf } from './heap-access.ts'
import { addSinks } from './sinks.ts'
import type { Value } from './value.ts'
import { clear, join, sourceLabel, UNKNOWN } from './value.ts'

/** What reading a member gives, as its declaration says. */
export function readMarked(
  frame: Frame,
  value: Value,
  name: string,
  marks: Marks | undefined,
  at: Span,
): Value {
  if (marks === undefined) return value
  const kept = marks.untainted === true ? clear(value, EVERY) : value
  if (marks.tainted !== true) return kept
  const source = frame.world.source('annotation', `@tainted ${name}`, stepAt(frame, '@tainted', at), false, 1)
  return source === undefined ? kept : join(kept, { ...UNKNOWN, labels: [sourceLabel(source)] })
}

/** Storing a value in a member that its declaration calls sensitive. */
export function writeMarked(
  frame: Frame,
  value: Value,
  name: string,
  marks: Marks | undefined,
  at: Span,
): void {
  for (const kind of marks?.sensitive ?? []) {
    addSinks(frame, textOf(frame, value), {
      module: frame.func.module,
      span: at,
      kind: kind === '*' ? 'any' : kind,
      parameter: name,
      callee: 'property',
      isParameter: false,
    })
  }
}
