const settling = new WeakSet<object>()
const passing = new WeakSet<object>()

/** Remembers a handler as one that settles who may pass: what stands behind it is not open by omission. */
export function mark<T extends object>(handler: T): T {
  settling.add(handler)
  return handler
}

export function isMarked(handler: object): boolean {
  return settling.has(handler)
}

/**
 * Says that a middleware never answers by itself: it may then stand before the guards. For loggers and the like; a
 * body parser belongs behind a guard.
 */
export function passesOn<T extends object>(middleware: T): T {
  passing.add(middleware)
  return middleware
}

export function isPassing(middleware: object): boolean {
  return passing.has(middleware)
}

/** Within one router, paths that begin with the same pattern match by the same rules; comparing text is enough. */
export function isBelow(base: string, path: string): boolean {
  return path === base || path.startsWith(base.endsWith('/') ? base : `${base}/`)
}
