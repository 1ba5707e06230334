import { DatabaseSync, backup } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import type { Awaitable } from 'barre/core'
import type { Database, Sql } from './sql.ts'

/** How long another process (a command of ours) may hold the file, in milliseconds. */
const busyMaxMs = 5000
/** How many transactions are made durable together. */
export const batchMax = 256

interface Job {
  readonly work: (sql: Sql) => Awaitable<unknown>
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/** A finished job: how to answer whoever waits for it, once it is durable. */
type Answer = () => void

/**
 * One file (`:memory:`: none), in this process. All transactions that wait at once share one write to the disk:
 * that is what bounds their number, not SQLite.
 */
export function openSqlite(file: string): Database {
  const connection = new DatabaseSync(file, { timeout: busyMaxMs })
  // FULL: what was answered survives a loss of power, not only of this process.
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
  const sql = toSql(connection)
  const waiting: Job[] = []
  let batch: Promise<void> | undefined

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) await runBatch(connection, sql, waiting.splice(0, batchMax))
    batch = undefined
  }
  const schedule = (): void => {
    // After the input that has come already: those requests take part.
    batch ??= new Promise((resolve) => {
      setImmediate(() => resolve(drain()))
    })
  }
  return {
    lockRows: '',
    // In the middle of a batch the connection would show what is not durable yet.
    read: (...statement) => (batch === undefined ? sql(...statement) : batch.then(() => sql(...statement))),
    write<T>(work: (sql: Sql) => Awaitable<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        waiting.push({ work, resolve, reject })
        schedule()
      })
    },
    backup: async (copy) => void (await backup(connection, copy)),
    async close() {
      await batch
      connection.close()
    },
  }
}

/** Runs jobs one after the other in one transaction; one that fails leaves nothing behind and harms no other. */
async function runBatch(connection: DatabaseSync, sql: Sql, jobs: readonly Job[]): Promise<void> {
  const answers: Answer[] = []
  try {
    connection.exec('BEGIN IMMEDIATE')
    for (const job of jobs) answers.push(await runJob(connection, sql, job))
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    for (const job of jobs) job.reject(error)
    return
  }
  for (const answer of answers) answer()
}

async function runJob(connection: DatabaseSync, sql: Sql, job: Job): Promise<Answer> {
  connection.exec('SAVEPOINT job')
  try {
    const value = await job.work(sql)
    connection.exec('RELEASE job')
    return () => job.resolve(value as never)
  } catch (error) {
    connection.exec('ROLLBACK TO job; RELEASE job')
    return () => job.reject(error)
  }
}

function toSql(connection: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>()
  return (statement, ...parameters) => {
    const known = prepared.get(statement) ?? connection.prepare(statement)
    prepared.set(statement, known)
    const named = Object.fromEntries(parameters.map((value, index) => [`$${index + 1}`, value]))
    return known.all(named)
  }
}
