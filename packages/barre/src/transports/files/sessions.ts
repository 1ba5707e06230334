import { FileError } from './file-error.ts'
import type { FileSession } from './session.ts'

/** A session that nobody else uses until it is given back. */
interface Lease {
  readonly session: FileSession
  readonly release: () => void
}

/** The connections of one client: opened when they are needed, kept while they are open. */
export interface Sessions {
  /** Throws FileError: `unavailable` where all are busy for too long. */
  lease(): Promise<Lease>
  /** Closes those that are not in use now, and the others when they are given back. */
  close(): void
}

/** The most callers that wait for a session. */
export const waitingMax = 1000

interface Waiting {
  /** A session that was given back, or none: there is room for another one. */
  readonly take: (session: FileSession | undefined) => void
  readonly timer: NodeJS.Timeout
}

/** `waitMs`: how long a caller waits for its turn. */
export function createSessions(open: () => Promise<FileSession>, max: number, waitMs: number): Sessions {
  const idle: FileSession[] = []
  const waiting: Waiting[] = []
  let count = 0
  let isClosed = false

  const release = (session: FileSession | undefined): void => {
    const usable = session?.isOpen === true && !isClosed ? session : undefined
    if (usable === undefined) session?.close()
    const next = waiting.shift()
    if (next !== undefined) {
      clearTimeout(next.timer)
      next.take(usable)
    } else if (usable === undefined) count--
    else idle.push(usable)
  }
  const queue = (): Promise<FileSession | undefined> =>
    new Promise((resolve, reject) => {
      if (waiting.length >= waitingMax) {
        reject(new FileError('unavailable', `more than ${waitingMax} calls wait for a connection`))
        return
      }
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(entry), 1)
        reject(
          new FileError('unavailable', `all ${max} connections are busy; read or destroy the streams of get`),
        )
      }, waitMs)
      const entry: Waiting = { take: resolve, timer }
      waiting.push(entry)
    })
  const acquire = async (): Promise<FileSession> => {
    let found = takeOpen(idle, () => count--)
    if (found === undefined && count >= max) found = await queue()
    else if (found === undefined) count++
    if (found !== undefined) return found
    try {
      if (isClosed) throw closed()
      return await open()
    } catch (error) {
      release(undefined)
      throw error
    }
  }
  return {
    async lease() {
      if (isClosed) throw closed()
      const session = await acquire()
      let isReleased = false
      return {
        session,
        release() {
          if (!isReleased) release(session)
          isReleased = true
        },
      }
    },
    close() {
      isClosed = true
      for (const session of idle.splice(0)) session.close()
    },
  }
}

function takeOpen(idle: FileSession[], dropped: () => void): FileSession | undefined {
  for (let session = idle.pop(); session !== undefined; session = idle.pop()) {
    if (session.isOpen) return session
    session.close()
    dropped()
  }
  return undefined
}

function closed(): FileError {
  return new FileError('unavailable', 'the client was closed')
}
