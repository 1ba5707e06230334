import { FileError } from '../files/index.ts'
import type { FileErrorCode } from '../files/index.ts'

/** SSH_FX codes (draft-ietf-secsh-filexfer-13 §9.1); OpenSSH speaks version 3, which has those to 8. */
const codes: Readonly<Record<number, FileErrorCode>> = {
  2: 'not_found',
  3: 'forbidden',
  6: 'unavailable',
  7: 'unavailable',
  10: 'not_found',
  12: 'forbidden',
}
const endOfFile = 1

/** Whether a request failed because there is nothing more. */
export function isEnd(error: unknown): boolean {
  return (
    error instanceof FileError && (error.cause as { readonly code?: unknown } | undefined)?.code === endOfFile
  )
}

/** Without a number the server has not answered at all. */
export function toRequestError(error: unknown): FileError {
  const { message, code } = error as Error & { readonly code?: unknown }
  const known = typeof code === 'number' ? (codes[code] ?? 'refused') : 'unavailable'
  return new FileError(known, message, { cause: error })
}
