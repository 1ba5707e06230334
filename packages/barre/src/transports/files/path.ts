import { FileError } from './file-error.ts'

/** The longest path that is sent, in bytes of UTF-8. */
const pathMaxBytes = 4096
/** The longest name that is taken from a server's listing, in characters. */
const nameMax = 1024

/**
 * A path as it may be sent. In FTP a line's end would begin another command, a leading `-` is an
 * option of `LIST`, and a leading space is lost.
 * Throws FileError.
 */
export function checkPath(path: string): string {
  if (typeof path !== 'string' || path === '') throw new FileError('invalid_path', 'a path is not empty')
  if (/\p{Cc}/u.test(path)) throw new FileError('invalid_path', 'a path holds no control characters')
  if (!path.isWellFormed()) throw new FileError('invalid_path', 'a path is well-formed text')
  if (Buffer.byteLength(path) > pathMaxBytes) {
    throw new FileError('invalid_path', `a path has at most ${pathMaxBytes} bytes`)
  }
  return /^[-\s]/.test(path) ? `./${path}` : path
}

/** Whether what a server lists lies in the directory that was listed, wherever it is written to. */
export function isPlainName(name: string): boolean {
  return (
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    name.length <= nameMax &&
    name.isWellFormed() &&
    !/[/\\\p{Cc}]/u.test(name)
  )
}

export function joinPath(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`
}
