import { existsSync, writeFileSync } from 'node:fs'
import { ConfigError } from 'barre/core'
import { checkVersion, migrate } from './migrations.ts'
import { openPostgres } from './postgres.ts'
import { sqlStore } from './sql-store.ts'
import { openSqlite } from './sqlite.ts'
import type { Log } from 'barre/core'
import type { StoreConfig } from '../config.ts'
import type { Database } from './sql.ts'
import type { Store } from './store.ts'

/** Opens the store; makes its tables where there are none. Throws ConfigError naming `path`. */
export async function openStore(config: StoreConfig, log: Log, path: string): Promise<Store> {
  const database = await openDatabase(config, log, path)
  try {
    await checkVersion(database, path)
    return sqlStore(database)
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Brings the tables of a store to the current version; answers with the version before. */
export async function migrateStore(config: StoreConfig, log: Log, path: string): Promise<number> {
  const database = await openDatabase(config, log, path)
  try {
    return await migrate(database)
  } finally {
    await database.close()
  }
}

/** A store that lasts as long as this process: for what need not be remembered longer. */
export async function memoryStore(): Promise<Store> {
  const database = openSqlite(':memory:')
  await migrate(database)
  return sqlStore(database)
}

async function openDatabase(config: StoreConfig, log: Log, path: string): Promise<Database> {
  const { sqlite, postgres } = config
  if ((sqlite === undefined) === (postgres === undefined)) {
    throw new ConfigError(path, 'expected sqlite or postgres')
  }
  if (postgres !== undefined) return openPostgres(postgres, log, `${path}.postgres`)
  return openFile(sqlite?.file ?? '', `${path}.sqlite.file`)
}

function openFile(file: string, path: string): Database {
  try {
    // Before SQLite makes it for everybody to read; its other files take over the mode.
    if (!existsSync(file)) writeFileSync(file, '', { mode: 0o600 })
    return openSqlite(file)
  } catch (cause) {
    throw new ConfigError(path, `${file} cannot be used as a store: ${(cause as Error).message}`, { cause })
  }
}
