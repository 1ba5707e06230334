/** One subject of measurement: a few tables, each with its limit, its peers and its targets. */
export interface Topic {
  /** Makes what the variants need (keys, tokens, tarballs) and says how to remove it. */
  prepare(): Promise<Prepared>
}

export interface Prepared {
  readonly tables: readonly Table[]
  readonly close: () => Promise<void>
}

/** Rows that are measured in the same rounds, and so can be compared. */
export interface Table {
  readonly title: string
  readonly unit: string
  /** For figures that do not vary from run to run; otherwise the number of `--rounds`. */
  readonly rounds?: number
  readonly rows: readonly Row[]
}

export interface Row {
  readonly name: string
  /** Measures once, in processes that start and end with it. */
  measure(): Promise<number>
  /** What no implementation can beat, from the figures of the same round; absent on rows that are limits. */
  readonly limit?: (figureOf: (row: string) => number) => number
  readonly target?: Target
}

/** What a row has to reach. */
export interface Target {
  readonly text: string
  holds(measured: Measured, of: (row: string) => Measured | undefined): boolean
}

/** One row's figures of all rounds: the middle one and the range. */
export interface Measured {
  readonly figure: number
  readonly ratio?: { readonly median: number; readonly min: number; readonly max: number }
}
