/** The most TLS sessions kept for resumption, per fetch. */
export const sessionsMax = 100

/** TLS sessions by `host:port`, the least recently stored dropped first. */
export interface SessionCache {
  get(origin: string): Buffer | undefined
  set(origin: string, session: Buffer): void
}

/** `lifetimeMs`: how long a session may be resumed; 0 keeps none, absent leaves it to the server. */
export function sessionCache(lifetimeMs: number | undefined): SessionCache {
  const sessions = new Map<string, Buffer>()
  return {
    get: (origin) => sessions.get(origin),
    set(origin, session) {
      if (lifetimeMs === 0) return
      sessions.delete(origin)
      sessions.set(origin, session)
      if (sessions.size > sessionsMax) sessions.delete(sessions.keys().next().value!)
      if (lifetimeMs === undefined) return
      setTimeout(() => {
        if (sessions.get(origin) === session) sessions.delete(origin)
      }, lifetimeMs).unref()
    },
  }
}
