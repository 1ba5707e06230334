import type { SFTPWrapper } from 'ssh2'
import { FileError } from '../files/index.ts'
import type { SftpConnection } from './connect.ts'
import { toRequestError } from './status.ts'

/** One request of the library, as a promise. Throws FileError: `unavailable` once the connection has ended. */
export type Ask = <T>(request: (sftp: SFTPWrapper, done: Done<T>) => void) => Promise<T>

type Done<T> = (error: unknown, value?: T) => void

export interface Requests {
  readonly isOpen: boolean
  readonly ask: Ask
}

/** The requests of a connection. The library answers none that is made after the end, so that is told here. */
export function sftpRequests({ client, sftp }: SftpConnection): Requests {
  let isOpen = true
  const underWay = new Set<(error: FileError) => void>()
  const end = (): void => {
    isOpen = false
    for (const reject of underWay) reject(ended())
    underWay.clear()
  }
  // A server may end the channel alone.
  for (const part of [client, sftp]) part.on('close', end)
  return {
    get isOpen() {
      return isOpen
    },
    async ask<T>(request: (sftp: SFTPWrapper, done: Done<T>) => void): Promise<T> {
      if (!isOpen) throw ended()
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      underWay.add(reject)
      try {
        request(sftp, (error, value) => (error ? reject(toRequestError(error)) : resolve(value as T)))
        return await promise
      } catch (error) {
        throw error instanceof FileError ? error : toRequestError(error)
      } finally {
        underWay.delete(reject)
      }
    },
  }
}

function ended(): FileError {
  return new FileError('unavailable', 'the server closed the connection')
}
