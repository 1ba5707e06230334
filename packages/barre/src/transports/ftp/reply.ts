import { FTPError } from 'basic-ftp'
import { FileError } from '../files/index.ts'
import type { FileErrorCode } from '../files/index.ts'

/** What went wrong in the library, as one of ours. */
export function toFileError(error: unknown): FileError {
  if (error instanceof FileError) return error
  if (error instanceof FTPError) return new FileError(toCode(error), error.message, { cause: error })
  const { message, code = '' } = error as NodeJS.ErrnoException
  return new FileError(codeOf(message, code), message, { cause: error })
}

/** For `catch`: a server that refuses this is none that we speak to. */
export function asUntrusted(problem: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof FTPError)) throw error
    throw new FileError('untrusted', `${problem}: ${error.message}`, { cause: error })
  }
}

/** RFC 959 §4.2. That a file is not there has no number of its own: servers say so in words. */
function toCode({ code, message }: FTPError): FileErrorCode {
  if (code < 500) return 'unavailable'
  if (code === 530 || code === 532) return 'unauthenticated'
  if (/no such|not found|not exist|cannot find/i.test(message)) return 'not_found'
  if (/permission|denied|not allowed|forbidden|not permitted/i.test(message)) return 'forbidden'
  return 'refused'
}

/** Node gives OpenSSL's words and its own: for certificates, names, and handshakes that came to nothing. */
function codeOf(message: string, code: string): FileErrorCode {
  // The server's alert about the certificate that we showed, or did not.
  if (/ALERT_.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(code)) return 'unauthenticated'
  if (/^(CERT_|UNABLE_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_|ERR_SSL_|HOSTNAME_|INVALID_)/.test(code))
    return 'untrusted'
  // The library wraps what went wrong with a data channel.
  return /certificate|altnames|another host/i.test(message) ? 'untrusted' : 'unavailable'
}
