import { Readable } from 'node:stream'
import type { FileEntryWithStats, Stats } from 'ssh2'
import { entriesMax, FileError, isPlainName, joinPath } from '../files/index.ts'
import type { FileInfo, FileSession } from '../files/index.ts'
import type { SftpConnection } from './connect.ts'
import { sftpRequests } from './requests.ts'
import type { Ask } from './requests.ts'
import { isEnd } from './status.ts'

/** How much is asked for at once, in bytes: what every server gives (draft-ietf-secsh-filexfer-02 §3). */
const chunkBytes = 32 * 1024
/** How many requests are under way at a time. */
const requestsMax = 16

/** A connection of the library, as that of every file server. */
export function sftpSession(connection: SftpConnection): FileSession {
  const requests = sftpRequests(connection)
  const { ask } = requests
  const stat = (path: string): Promise<Stats> => ask((sftp, done) => sftp.stat(path, done))
  return {
    get isOpen() {
      return requests.isOpen
    },
    list: (path, isWanted) => list(ask, path, isWanted),
    get: async (path) => Readable.from(read(ask, await openFile(ask, path, 'r'))),
    put: (path, content) => write(ask, 'w', path, content),
    append: (path, content) => write(ask, 'a', path, content),
    rename: (from, to) => ask((sftp, done) => sftp.rename(from, to, done)),
    delete: (path) => ask((sftp, done) => sftp.unlink(path, done)),
    mkdir: (path) => ask((sftp, done) => sftp.mkdir(path, done)),
    rmdir: (path) => ask((sftp, done) => sftp.rmdir(path, done)),
    isDirectory: async (path) => (await stat(path)).isDirectory(),
    size: async (path) => (await stat(path)).size,
    close: () => connection.client.end(),
  }
}

/** Without a mode: that of the library would let everybody write, and replace that of a file which is there. */
function openFile(ask: Ask, path: string, flags: 'r' | 'w' | 'a'): Promise<Buffer> {
  return ask((sftp, done) => sftp.open(path, flags, done))
}

function closeHandle(ask: Ask, handle: Buffer): Promise<void> {
  return ask((sftp, done) => sftp.close(handle, done))
}

/** Asks ahead, so that the way to the server and back is not waited for once for each chunk. */
async function* read(ask: Ask, handle: Buffer): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = []
  let position = 0
  try {
    for (;;) {
      while (ahead.length < requestsMax) {
        const asked = readAt(ask, handle, position + ahead.length * chunkBytes)
        // It is waited for later, or by nobody where an earlier one fails.
        asked.catch(() => undefined)
        ahead.push(asked)
      }
      const bytes = await ahead.shift()!
      if (bytes.length === 0) return
      position += bytes.length
      // Less than was asked for: what follows begins earlier than it was thought to.
      if (bytes.length < chunkBytes) await Promise.allSettled(ahead.splice(0))
      yield bytes
    }
  } finally {
    await closeHandle(ask, handle).catch(() => undefined)
  }
}

async function readAt(ask: Ask, handle: Buffer, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(chunkBytes)
  const count = await ask<number>((sftp, done) => sftp.read(handle, buffer, 0, chunkBytes, position, done))
  return buffer.subarray(0, count)
}

async function write(ask: Ask, flags: 'w' | 'a', path: string, content: Readable): Promise<void> {
  if (content.errored !== null) throw contentFailed(content.errored)
  const handle = await openFile(ask, path, flags)
  try {
    // SFTP writes at a place, also to the end of a file.
    const position = flags === 'a' ? (await ask<Stats>((sftp, done) => sftp.fstat(handle, done))).size : 0
    await writeFrom(ask, handle, position, content)
  } catch (error) {
    await closeHandle(ask, handle).catch(() => undefined)
    throw error instanceof FileError ? error : contentFailed(error)
  }
  // Some servers say only here that there was no room.
  await closeHandle(ask, handle)
}

async function writeFrom(ask: Ask, handle: Buffer, start: number, content: Readable): Promise<void> {
  const underWay: Promise<unknown>[] = []
  let position = start
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    const bytes = Buffer.from(chunk)
    const at = position
    const written = ask((sftp, done) => sftp.write(handle, bytes, 0, bytes.length, at, done))
    written.catch(() => undefined)
    underWay.push(written)
    position += bytes.length
    if (underWay.length >= requestsMax) await underWay.shift()
  }
  await Promise.all(underWay)
}

function contentFailed(cause: unknown): FileError {
  return new FileError('content_failed', (cause as Error).message, { cause })
}

async function list(
  ask: Ask,
  directory: string,
  isWanted: (name: string) => boolean,
): Promise<readonly FileInfo[]> {
  const handle = await ask<Buffer>((sftp, done) => sftp.opendir(directory, done))
  const found: FileInfo[] = []
  try {
    let count = 0
    for (let part = await readSome(ask, handle); part !== undefined; part = await readSome(ask, handle)) {
      // An empty part counts too, lest a server send them for ever.
      count += Math.max(1, part.length)
      if (count > entriesMax)
        throw new FileError('too_large', `a directory of more than ${entriesMax} entries`)
      const wanted = part.filter(({ filename }) => isPlainName(filename) && isWanted(filename))
      found.push(...wanted.map((entry) => toFileInfo(directory, entry)))
    }
  } finally {
    await closeHandle(ask, handle).catch(() => undefined)
  }
  return found
}

/** The next entries of a directory; `undefined`: that was all. */
async function readSome(ask: Ask, handle: Buffer): Promise<readonly FileEntryWithStats[] | undefined> {
  try {
    return await ask<FileEntryWithStats[]>((sftp, done) => sftp.readdir(handle, done))
  } catch (error) {
    if (isEnd(error)) return undefined
    throw error
  }
}

function toFileInfo(directory: string, { filename, attrs }: FileEntryWithStats): FileInfo {
  return {
    name: filename,
    path: joinPath(directory, filename),
    type: typeOf(attrs),
    size: attrs.size,
    modifiedAtMs: attrs.mtime * 1000,
  }
}

function typeOf(attrs: Stats): FileInfo['type'] {
  if (attrs.isFile()) return 'file'
  if (attrs.isDirectory()) return 'directory'
  return attrs.isSymbolicLink() ? 'link' : 'other'
}
