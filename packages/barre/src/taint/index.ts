/** A value that may come from outside and must be checked before use. To the compiler it is just `T`. */
export type Tainted<T> = T

/** A value that no untrusted data may reach, for the named kinds of danger. To the compiler it is just `T`. */
export type Sensitive<T, _Kinds extends string = string> = T

/** A value that is trusted whatever it was made from. To the compiler it is just `T`. */
export type Untainted<T> = T

/**
 * Declares a value to be checked: `barre check` trusts it from here on. Write beside it why it is safe.
 * The value itself is returned unchanged.
 */
export function untaint<T>(value: T): T
/** Declares a text to be checked for the named kinds of danger only: `untaint<'sql'>(text)`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the analyzer reads it, not the compiler
export function untaint<_Kinds extends string>(value: string): string
export function untaint(value: unknown): unknown {
  return value
}
