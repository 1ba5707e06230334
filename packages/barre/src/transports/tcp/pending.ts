import type { Socket } from 'node:net'

/** The connections that are not let in yet: a bounded number, each for a bounded time. */
export interface PendingConnections {
  /** Takes a place for a socket that was just accepted. Without one, answers false; without one or too late it ends. */
  take(socket: Socket): boolean
  /** The connection of a socket was let in. */
  release(socket: Socket): void
}

export function pendingConnections(max: number, timeoutMs: number): PendingConnections {
  const pending = new Map<string, NodeJS.Timeout>()
  const release = (name: string): void => {
    clearTimeout(pending.get(name))
    pending.delete(name)
  }
  return {
    take(socket) {
      if (pending.size >= max) {
        socket.destroy()
        return false
      }
      const name = nameOf(socket)
      const timer = setTimeout(() => socket.destroy(), timeoutMs)
      timer.unref()
      pending.set(name, timer)
      // A name is taken again as soon as its connection is gone.
      socket.once('close', () => pending.get(name) === timer && release(name))
      return true
    },
    release: (socket) => release(nameOf(socket)),
  }
}

/** The same of a connection's TCP and TLS socket, which have no reference to each other. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
