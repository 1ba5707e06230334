/** Something known of objects that others made. */
export interface Stamps<K extends object, V> {
  get(bearer: K): V | undefined
  set(bearer: K, value: V): void
}

/** Its subclasses put their fields on an object that is there already. */
// oxlint-disable-next-line typescript/no-extraneous-class -- its constructor is all there is to it
class Bearer {
  constructor(bearer: object) {
    // oxlint-disable-next-line no-constructor-return -- this is what it is for
    return bearer
  }
}

/**
 * What a WeakMap is for, for objects that come and go with each call: of those a WeakMap costs the collector some 2 us
 * each. The value is a private field of its bearer: nobody else sees it. Bearers must not be frozen.
 */
export function createStamps<K extends object, V>(): Stamps<K, V> {
  class Stamp extends Bearer {
    #value: V

    constructor(bearer: K, value: V) {
      super(bearer)
      this.#value = value
    }

    static get(bearer: K): V | undefined {
      return #value in bearer ? bearer.#value : undefined
    }

    static set(bearer: K, value: V): void {
      if (#value in bearer) bearer.#value = value
      // oxlint-disable-next-line no-new -- the bearer keeps it
      else new Stamp(bearer, value)
    }
  }
  return Stamp
}
