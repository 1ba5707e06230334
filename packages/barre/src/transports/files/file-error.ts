/** Why a file server did not do what it was asked: a closed set. */
export type FileErrorCode =
  /** The path cannot be sent: nothing was. */
  | 'invalid_path'
  | 'not_found'
  /** The server does not let us. */
  | 'forbidden'
  /** The server said no for a reason of its own: the name is taken, the disk is full. */
  | 'refused'
  /** The server, or we, have no credential that it takes. */
  | 'unauthenticated'
  /** The server is not proven to be the one that was meant, or would not protect what is sent: nothing was. */
  | 'untrusted'
  /** It cannot be reached, or the connection ended: what was asked for may have been done or not. */
  | 'unavailable'
  /** The stream that was to be sent failed; `cause` says how. */
  | 'content_failed'
  /** A directory of more entries than are read. */
  | 'too_large'

/** What went wrong with a file server, as a value. */
export class FileError extends Error {
  override readonly name = 'FileError'
  readonly code: FileErrorCode

  constructor(code: FileErrorCode, detail: string, options?: ErrorOptions) {
    super(`${code}: ${printable(detail)}`, options)
    this.code = code
  }
}

/** The most of a server's words that is kept, in characters. */
const detailMax = 200

/** Servers write what they like, and messages end in logs. */
function printable(text: string): string {
  return text.slice(0, detailMax).replaceAll(/\p{C}+/gu, ' ')
}
