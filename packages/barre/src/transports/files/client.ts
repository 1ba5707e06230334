import { finished, Readable } from 'node:stream'
import { FileError } from './file-error.ts'
import { checkPath } from './path.ts'
import { createSessions } from './sessions.ts'
import type { FileInfo, FileSession } from './session.ts'

/** What came of it. */
export type FileResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: FileError }

/** What is written to a file. A stream is read to its end, or destroyed. */
export type FileContent = Readable | Uint8Array | string

/**
 * The files of one server. Connections are opened when they are needed, and again after they ended; what was under way
 * then is `unavailable`, and is repeated by nobody else.
 */
export interface FileClient {
  /** `isWanted`: what is left out costs nothing. Names that would leave the directory are left out always. */
  list(path: string, isWanted?: (name: string) => boolean): Promise<FileResult<readonly FileInfo[]>>
  /**
   * A stream that ends when the server has said that the file was whole, and fails with a FileError otherwise. Until it
   * is read or destroyed, it keeps a connection busy.
   */
  get(path: string): Promise<FileResult<Readable>>
  /** Writes a file anew. One that fails in the middle may leave a part. */
  put(path: string, content: FileContent): Promise<FileResult<void>>
  append(path: string, content: FileContent): Promise<FileResult<void>>
  rename(from: string, to: string): Promise<FileResult<void>>
  delete(path: string): Promise<FileResult<void>>
  mkdir(path: string): Promise<FileResult<void>>
  rmdir(path: string): Promise<FileResult<void>>
  isDirectory(path: string): Promise<FileResult<boolean>>
  /** In bytes. */
  size(path: string): Promise<FileResult<number>>
  /** Ends the connections; those that are busy when they are done. */
  close(): Promise<void>
}

/** How many connections there are, and how long each may be silent. */
export interface ConnectionLimits {
  readonly maxConnections: number
  readonly timeoutMs: number
}

/** A client whose connections `open` makes. */
export function createFileClient(
  open: () => Promise<FileSession>,
  { maxConnections, timeoutMs }: ConnectionLimits,
  onClose: () => Promise<void> | undefined,
): FileClient {
  const sessions = createSessions(open, maxConnections, timeoutMs)
  const run = <T>(work: (session: FileSession) => Promise<T>): Promise<FileResult<T>> =>
    toResult(async () => {
      const { session, release } = await sessions.lease()
      try {
        return await work(session)
      } finally {
        release()
      }
    })
  const onPath = <T>(path: string, work: (session: FileSession, path: string) => Promise<T>) =>
    toResult(async () => checkPath(path)).then((checked) =>
      checked.ok ? run((session) => work(session, checked.value)) : checked,
    )
  const write = async (verb: 'put' | 'append', path: string, content: FileContent) => {
    const stream = toStream(content)
    const result = await onPath(path, (session, checked) => session[verb](checked, stream))
    if (!result.ok) stream.destroy()
    return result
  }
  return {
    list: (path, isWanted = () => true) =>
      onPath(path, (session, checked) => session.list(checked, isWanted)),
    get: (path) =>
      toResult(async () => {
        const checked = checkPath(path)
        const { session, release } = await sessions.lease()
        try {
          const stream = await session.get(checked)
          finished(stream, release)
          return stream
        } catch (error) {
          release()
          throw error
        }
      }),
    put: (path, content) => write('put', path, content),
    append: (path, content) => write('append', path, content),
    rename: (from, to) => onPath(to, (session, checked) => session.rename(checkPath(from), checked)),
    delete: (path) => onPath(path, (session, checked) => session.delete(checked)),
    mkdir: (path) => onPath(path, (session, checked) => session.mkdir(checked)),
    rmdir: (path) => onPath(path, (session, checked) => session.rmdir(checked)),
    isDirectory: (path) => onPath(path, (session, checked) => session.isDirectory(checked)),
    size: (path) => onPath(path, (session, checked) => session.size(checked)),
    async close() {
      sessions.close()
      await onClose()
    },
  }
}

async function toResult<T>(work: () => Promise<T>): Promise<FileResult<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    if (error instanceof FileError) return { ok: false, error }
    throw error
  }
}

function toStream(content: FileContent): Readable {
  if (!(content instanceof Readable)) return Readable.from([Buffer.from(content)])
  // It may fail before a connection is there; whoever reads it then will find out.
  return content.on('error', () => undefined)
}
