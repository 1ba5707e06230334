import type { Awaitable } from '../../core/index.ts'

/** Where a listener keeps what it has handed over, so that it goes on there when it starts again. */
export interface FileState {
  /** The versions of a directory's files, by name. `directory` names its server, too. */
  load(directory: string): Awaitable<ReadonlyMap<string, string>>
  put(directory: string, name: string, version: string): Awaitable<void>
  delete(directory: string, name: string): Awaitable<void>
}

/** Forgets with the process: what is there when a listener starts is handed over again. */
export function memoryFileState(): FileState {
  return { load: () => new Map(), put: () => undefined, delete: () => undefined }
}

/** The state of listeners in an SQLite file; several may share it, each for its own directory. */
export function sqliteFileState(path: string): FileState & { close(): void } {
  // Loaded by who uses it, and not by every program that imports a client.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS handedOver (
      directory TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
      PRIMARY KEY (directory, name)) STRICT, WITHOUT ROWID`)
  const load = database.prepare('SELECT name, version FROM handedOver WHERE directory = ?')
  const put = database.prepare('INSERT OR REPLACE INTO handedOver VALUES (?, ?, ?)')
  const remove = database.prepare('DELETE FROM handedOver WHERE directory = ? AND name = ?')
  return {
    load: (directory) =>
      new Map(load.all(directory).map(({ name, version }) => [String(name), String(version)])),
    put: (directory, name, version) => void put.run(directory, name, version),
    delete: (directory, name) => void remove.run(directory, name),
    close: () => database.close(),
  }
}
