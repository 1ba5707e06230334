import type { Expr } from '../graph/index.ts'
import type { Frame } from './frame.ts'

/** A list or table of the program's own, which nobody outside has put anything into. */
export function isAllowList(frame: Frame, list: Expr): boolean {
  const value = frame.eval(list)
  return (
    !isText(list) &&
    value.labels.length === 0 &&
    value.refs.every(
      (obj) =>
        obj.kind !== 'symbolic' || obj.path?.root.kind === 'captured' || obj.path?.root.kind === 'this',
    )
  )
}

/** `'abc'.includes(x)` asks for a part of a text, not for one of a list. */
export function isText(expr: Expr): boolean {
  return expr.k === 'const' || expr.k === 'concat'
}
