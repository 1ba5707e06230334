import type { DatabaseSync } from 'node:sqlite'

/** Runs a change whole or not at all: an exception, and an outcome that `keep` turns down, both roll back. */
export function transaction<T>(database: DatabaseSync, change: () => T, keep: (outcome: T) => boolean): T {
  database.exec('begin immediate')
  try {
    const outcome = change()
    database.exec(keep(outcome) ? 'commit' : 'rollback')
    return outcome
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}
