import { FileType, FTPError } from 'basic-ftp'
import type { Client, FileInfo as Entry } from 'basic-ftp'
import { entriesMax, FileError, isPlainName, joinPath } from '../files/index.ts'
import type { FileInfo, FileSession } from '../files/index.ts'
import { receive } from './receive.ts'
import { toFileError } from './reply.ts'
import { send } from './send.ts'

/** A connection of the library, as that of every file server. */
export function ftpSession(client: Client): FileSession {
  const command = (text: string): Promise<void> => run(async () => void (await client.send(text)))
  return {
    get isOpen() {
      return !client.closed
    },
    list: (path, isWanted) => run(() => list(client, path, isWanted)),
    get: (path) => run(() => receive(client, path)),
    put: (path, content) => run(() => send(client, 'uploadFrom', path, content)),
    append: (path, content) => run(() => send(client, 'appendFrom', path, content)),
    rename: (from, to) => run(async () => void (await client.rename(from, to))),
    delete: (path) => command(`DELE ${path}`),
    mkdir: (path) => command(`MKD ${path}`),
    rmdir: (path) => command(`RMD ${path}`),
    isDirectory: (path) => run(() => isDirectory(client, path)),
    size: (path) => run(() => client.size(path)),
    close: () => client.close(),
  }
}

async function run<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toFileError(error)
  }
}

const types: Readonly<Record<FileType, FileInfo['type']>> = {
  [FileType.File]: 'file',
  [FileType.Directory]: 'directory',
  [FileType.SymbolicLink]: 'link',
  [FileType.Unknown]: 'other',
}

async function list(
  client: Client,
  directory: string,
  isWanted: (name: string) => boolean,
): Promise<readonly FileInfo[]> {
  const entries = await client.list(directory)
  if (entries.length > entriesMax) {
    throw new FileError('too_large', `a directory of more than ${entriesMax} entries`)
  }
  const wanted = entries.filter(({ name }) => isPlainName(name) && isWanted(name))
  const found: FileInfo[] = []
  for (const entry of wanted) {
    const path = joinPath(directory, entry.name)
    const modifiedAt = await timeOf(client, entry, path)
    found.push({
      name: entry.name,
      path,
      type: types[entry.type],
      size: entry.size,
      ...(modifiedAt !== undefined && { modifiedAtMs: modifiedAt.getTime() }),
    })
  }
  return found
}

/** Servers without MLSD (RFC 3659 §7) tell an exact time for each file alone, where they do. */
async function timeOf(client: Client, entry: Entry, path: string): Promise<Date | undefined> {
  if (entry.modifiedAt !== undefined || entry.type !== FileType.File) return entry.modifiedAt
  try {
    return await client.lastMod(path)
  } catch (error) {
    if (error instanceof FTPError) return undefined
    throw error
  }
}

/** There is no command that asks: a directory is what one can change to. */
async function isDirectory(client: Client, path: string): Promise<boolean> {
  const home = await client.pwd()
  try {
    await client.send(`CWD ${path}`)
  } catch (error) {
    if (!(error instanceof FTPError) || error.code < 500) throw error
    // Says so where there is nothing at all.
    await client.size(path)
    return false
  }
  await client.send(`CWD ${home}`)
  return true
}
