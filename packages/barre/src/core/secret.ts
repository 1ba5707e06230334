import { inspect } from 'node:util'

/**
 * A value that never shows itself by accident: logs, JSON, template strings and the inspector print
 * `[secret]`.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the one line that puts it on the wire or compares it. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  static {
    // Not a computed method: isolatedDeclarations cannot name one.
    Object.defineProperty(this.prototype, inspect.custom, { value: () => '[secret]' })
  }
}
