import type { Denial } from './denial.ts'

/**
 * A value now, or a promise of it. The hot path stays synchronous: await only what `isPromise` says is one.
 */
export type Awaitable<T> = T | Promise<T>

/** An expected outcome: a value, or a refusal. Exceptions are kept for bugs and bad configuration. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly denial: Denial }

/** A good outcome. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value }
}

/** Whether the answer is still to come. */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}

/** Applies `then` at once when the answer is known, else when it comes. */
export function chain<A, B>(value: Awaitable<A>, then: (value: A) => Awaitable<B>): Awaitable<B> {
  return isPromise(value) ? value.then(then) : then(value)
}
