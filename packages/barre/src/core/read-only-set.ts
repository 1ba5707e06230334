import { inspect } from 'node:util'
import type { InspectOptions } from 'node:util'

/** A set without `add`: freezing a native Set would leave its contents open. */
export class ReadOnlySet implements ReadonlySet<string> {
  readonly #values: Set<string>

  constructor(values: Iterable<string>) {
    this.#values = new Set(values)
    Object.freeze(this)
  }

  get size(): number {
    return this.#values.size
  }

  has(value: string): boolean {
    return this.#values.has(value)
  }

  forEach(callback: (value: string, key: string, set: ReadonlySet<string>) => void): void {
    for (const value of this.#values) callback(value, value, this)
  }

  keys(): SetIterator<string> {
    return this.#values.keys()
  }

  values(): SetIterator<string> {
    return this.#values.values()
  }

  entries(): SetIterator<[string, string]> {
    return this.#values.entries()
  }

  [Symbol.iterator](): SetIterator<string> {
    return this.#values.values()
  }

  union<U>(other: ReadonlySetLike<U>): Set<string | U> {
    return this.#values.union(other)
  }

  intersection<U>(other: ReadonlySetLike<U>): Set<string & U> {
    return this.#values.intersection(other)
  }

  difference<U>(other: ReadonlySetLike<U>): Set<string> {
    return this.#values.difference(other)
  }

  symmetricDifference<U>(other: ReadonlySetLike<U>): Set<string | U> {
    return this.#values.symmetricDifference(other)
  }

  isSubsetOf(other: ReadonlySetLike<unknown>): boolean {
    return this.#values.isSubsetOf(other)
  }

  isSupersetOf(other: ReadonlySetLike<unknown>): boolean {
    return this.#values.isSupersetOf(other)
  }

  isDisjointFrom(other: ReadonlySetLike<unknown>): boolean {
    return this.#values.isDisjointFrom(other)
  }

  toJSON(): string[] {
    return [...this.#values]
  }

  static {
    // Not a computed method: isolatedDeclarations cannot name one.
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: ReadOnlySet, _depth: number, options: InspectOptions) {
        return inspect(this.#values, options)
      },
    })
    Object.freeze(this.prototype)
  }
}
