import { test } from 'node:test'

/** Counts what a test file tries: a cell is named by its coordinates, and the same name again is the same cell. */
export class Cells {
  readonly #names = new Set<string>()
  readonly #axes: readonly string[]

  constructor(...axes: readonly string[]) {
    this.#axes = axes
  }

  add(...coordinates: readonly string[]): void {
    this.#names.add(coordinates.join('\n'))
  }

  /** Prints the number with the test results; to be called when all cells are known. */
  report(): void {
    void test(`counted: ${this.#axes.join(' x ')}`, (context) => {
      context.diagnostic(`${this.#names.size} cells of ${this.#axes.join(' x ')}`)
    })
  }
}
