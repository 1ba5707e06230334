import type { Readable } from 'node:stream'

/** A file of a server, or what else lies in a directory there. */
export interface FileInfo {
  readonly name: string
  /** The directory that was listed, and the name. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'link' | 'other'
  /** In bytes. */
  readonly size: number
  /** Milliseconds since the epoch, as exact as the server tells; absent where it does not. */
  readonly modifiedAtMs?: number
}

/**
 * One connection to a file server, that does one thing at a time. Throws FileError and nothing else; paths are checked
 * already.
 */
export interface FileSession {
  readonly isOpen: boolean
  /** Asks for the times of files that `isWanted` knows, where listing them does not tell. */
  list(path: string, isWanted: (name: string) => boolean): Promise<readonly FileInfo[]>
  /** The session is busy until the stream has closed. A stream that ends has the whole file. */
  get(path: string): Promise<Readable>
  put(path: string, content: Readable): Promise<void>
  append(path: string, content: Readable): Promise<void>
  rename(from: string, to: string): Promise<void>
  delete(path: string): Promise<void>
  mkdir(path: string): Promise<void>
  rmdir(path: string): Promise<void>
  isDirectory(path: string): Promise<boolean>
  size(path: string): Promise<number>
  close(): void
}
