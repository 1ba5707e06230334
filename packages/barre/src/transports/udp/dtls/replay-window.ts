/** How far behind the newest record one may be, and still come in. */
export const windowSize = 64

/** Lets each sequence number in once (RFC 6347 §4.1.2.6). */
export class ReplayWindow {
  /** The last number seen in each slot; within the window every number has a slot of its own. */
  readonly #seen = new Float64Array(windowSize).fill(-1)
  #newest = -1

  isFresh(sequence: number): boolean {
    return sequence > this.#newest - windowSize && this.#seen[sequence % windowSize] !== sequence
  }

  /** To be called once the record has proven itself. */
  accept(sequence: number): void {
    this.#seen[sequence % windowSize] = sequence
    this.#newest = Math.max(this.#newest, sequence)
  }
}
