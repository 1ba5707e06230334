import { readFileSync } from 'node:fs'
import { ConfigError, Secret, isLoopback } from 'barre/core'
import type * as Pg from 'pg'
import type { Awaitable, Log } from 'barre/core'
import type { PostgresConfig } from '../config.ts'
import type { Database, Row, Sql } from './sql.ts'

/** Connections of one process. */
const connectionsMax = 10
/** How long a connection, and one statement, may take, in milliseconds. */
const waitMaxMs = 5000
const portDefault = 5432

/** Several processes on one data base. Needs the `pg` library. Throws ConfigError naming `path`. */
export async function openPostgres(config: PostgresConfig, log: Log, path: string): Promise<Database> {
  const { host, port = portDefault, database, user, password, secureSocket } = config
  if (secureSocket === undefined && !isLoopback(host)) {
    throw new ConfigError(
      `${path}.secureSocket`,
      'required off loopback, where all would travel in clear text',
    )
  }
  const { Pool } = await importPg(path)
  const pool = new Pool({
    host,
    port,
    database,
    user,
    ...(password !== undefined && { password: password instanceof Secret ? password.reveal() : password }),
    ...(secureSocket && { ssl: { ca: readFileSync(secureSocket.cert, 'utf8'), servername: host } }),
    max: connectionsMax,
    connectionTimeoutMillis: waitMaxMs,
    statement_timeout: waitMaxMs,
    // Whatever the server's default: what was answered must be on the disk.
    options: '-c synchronous_commit=on',
  })
  // An idle connection that breaks; the next request makes a new one.
  pool.on('error', (error) => log.warn({ error }, 'a connection to the store ended'))
  const read = toSql(pool)
  return {
    lockRows: ' FOR UPDATE',
    read,
    write: (work) => inTransaction(pool, work),
    backup() {
      throw new ConfigError(path, 'pg_dump backs up PostgreSQL')
    },
    close: () => pool.end(),
  }
}

async function importPg(path: string): Promise<Pick<typeof Pg, 'Pool'>> {
  try {
    return (await import('pg')).default
  } catch (cause) {
    throw new ConfigError(path, 'needs the pg library: npm install pg', { cause })
  }
}

async function inTransaction<T>(pool: Pg.Pool, work: (sql: Sql) => Awaitable<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const value = await work(toSql(client))
    await client.query('COMMIT')
    client.release()
    return value
  } catch (error) {
    const isAlive = await client.query('ROLLBACK').then(
      () => true,
      () => false,
    )
    client.release(!isAlive)
    throw error
  }
}

function toSql(client: Pick<Pg.ClientBase | Pg.Pool, 'query'>): Sql {
  return async (statement, ...parameters) => (await client.query<Row>(statement, [...parameters])).rows
}
