import { ConfigError } from 'barre/core'
import type { Database } from './sql.ts'

// Times are milliseconds since the epoch, contents are JSON, tokens are kept as hashes.
const first = `
CREATE TABLE clients (id TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE tickets (
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, content TEXT NOT NULL, expires_at BIGINT NOT NULL,
  uses INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX tickets_expires_at ON tickets (expires_at);
CREATE TABLE families (id TEXT PRIMARY KEY, content TEXT NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX families_expires_at ON families (expires_at);
CREATE TABLE refresh_tokens (
  hash TEXT PRIMARY KEY, family_id TEXT NOT NULL, expires_at BIGINT NOT NULL, family_expires_at BIGINT NOT NULL,
  rotated_at BIGINT, successor_hash TEXT, sealed_successor TEXT
);
CREATE INDEX refresh_tokens_family_expires_at ON refresh_tokens (family_expires_at);
CREATE INDEX refresh_tokens_successor_hash ON refresh_tokens (successor_hash);
CREATE TABLE access_tokens (hash TEXT PRIMARY KEY, content TEXT NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX access_tokens_expires_at ON access_tokens (expires_at);
CREATE TABLE revoked (id TEXT PRIMARY KEY, expires_at BIGINT NOT NULL);
CREATE INDEX revoked_expires_at ON revoked (expires_at);
CREATE TABLE seen (id TEXT PRIMARY KEY, expires_at BIGINT NOT NULL);
CREATE INDEX seen_expires_at ON seen (expires_at);
`

/** Each brings the tables from one version to the next; a released one is never changed. */
const migrations: readonly string[] = [first]

export const currentVersion: number = migrations.length

/** Brings the tables to the current version; answers with the version before. One process at a time does it. */
export function migrate(database: Database): Promise<number> {
  return database.write(async (sql) => {
    await sql('CREATE TABLE IF NOT EXISTS schema_version (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)')
    await sql('INSERT INTO schema_version (id, version) VALUES (1, 0) ON CONFLICT (id) DO NOTHING')
    const [row] = await sql(`SELECT version FROM schema_version WHERE id = 1${database.lockRows}`)
    const before = Number(row?.['version'])
    for (const statements of migrations.slice(before)) {
      for (const statement of statements.split(';')) {
        if (statement.trim() !== '') await sql(statement)
      }
    }
    if (before < currentVersion) await sql('UPDATE schema_version SET version = $1', currentVersion)
    return before
  })
}

/** Makes the tables of a new data base, and refuses one of another version. Throws ConfigError naming `path`. */
export async function checkVersion(database: Database, path: string): Promise<void> {
  const version = await readVersion(database)
  if (version === 0) {
    await migrate(database)
  } else if (version < currentVersion) {
    throw new ConfigError(
      path,
      `the tables have version ${version}, this program ${currentVersion}: barre sts migrate`,
    )
  } else if (version > currentVersion) {
    throw new ConfigError(path, `the tables have version ${version}, made by a newer program than this one`)
  }
}

async function readVersion(database: Database): Promise<number> {
  try {
    const [row] = await database.read('SELECT version FROM schema_version')
    return Number(row?.['version'] ?? 0)
  } catch (error) {
    if (isWithoutTable(error)) return 0
    throw error
  }
}

/** How SQLite and PostgreSQL say that a table is not there. */
function isWithoutTable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error.message.startsWith('no such table') || (error as { code?: unknown }).code === '42P01'
}
