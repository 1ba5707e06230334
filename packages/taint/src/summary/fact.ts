import type { Binding, Expr } from '../graph/index.ts'
import { factKey } from './names.ts'

/** What a condition proves: for the place `key`, these kinds of danger are ruled out. */
export interface Fact {
  readonly key: string
  readonly kinds: number
  /** The variable, where the place is one. */
  readonly binding?: Binding
}

/** A name for a place that a condition can speak of: `x`, `x.y`, `this.z`. */
export function factOf(expr: Expr): string | undefined {
  if (expr.k === 'name') return factKey(expr.binding)
  if (expr.k === 'this') return 'this;'
  if (expr.k === 'member') {
    const object = factOf(expr.object)
    return object === undefined ? undefined : `${object}${expr.key};`
  }
  if (expr.k === 'index' && expr.index.k === 'name') {
    const object = factOf(expr.object)
    return object === undefined ? undefined : `${object}[${expr.index.binding.id}];`
  }
  if (expr.k === 'assign' && expr.target.k === 'bind') return factKey(expr.target.binding)
  return expr.k === 'cast' || expr.k === 'await' ? factOf(expr.value) : undefined
}

/** That these kinds of danger are ruled out for a place; nothing, where no condition can speak of it. */
export function about(place: Expr, kinds: number): Fact[] {
  const key = factOf(place)
  if (key === undefined) return []
  return [place.k === 'name' ? { key, kinds, binding: place.binding } : { key, kinds }]
}
