/** What several processes hold together: texts by name, each of which ends by itself. */
export interface SharedStore {
  /** The text under `key`; `undefined` when there is none. */
  get(key: string): Promise<string | undefined>
  /**
   * Puts `next` in the place of `current` in one step, for `lifeMs` milliseconds; `undefined` stands for nothing there,
   * and for taking away. False, and nothing is changed, when something else is there by now.
   */
  swap(key: string, current: string | undefined, next: string | undefined, lifeMs: number): Promise<boolean>
}
