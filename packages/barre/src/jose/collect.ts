import { isPromise } from '../core/index.ts'
import type { Awaitable } from '../core/index.ts'

/** All values, at once where none is still to come. */
export function collect<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  return values.some(isPromise) ? Promise.all(values) : (values as readonly T[])
}
