import type { Awaitable } from 'barre/core'

/** What a statement takes: `$1` is the first. */
export type Parameter = string | number | null

export type Row = Readonly<Record<string, unknown>>

/** Runs one statement; answers with its rows (`RETURNING` too). */
export interface Sql {
  (statement: string, ...parameters: readonly Parameter[]): Awaitable<readonly Row[]>
}

/** A data base as the store uses it: the statements are the same for all, what differs is here. */
export interface Database {
  /** What a SELECT inside a transaction ends with, so that its rows stay as they are until the end. */
  readonly lockRows: '' | ' FOR UPDATE'
  /** One statement that changes nothing, on what is durable. */
  readonly read: Sql
  /**
   * All or nothing, durable when it resolves. `work` awaits nothing but its statements.
   */
  write<T>(work: (sql: Sql) => Awaitable<T>): Promise<T>
  /** Writes a copy of a running data base; throws where the data base has tools of its own for that. */
  backup(file: string): Promise<void>
  close(): Promise<void>
}
