import { ConfigError } from '../../core/index.ts'
import { isBelow, isMarked, isPassing } from '../http/index.ts'

/** A Koa application's list of middleware, as the check looks at it. */
export interface Stack {
  readonly middleware: readonly Handle[]
}

type Handle = ((...input: never[]) => unknown) & { readonly router?: Router }

/** What `@koa/router` shows of itself on the middleware that `routes()` gives. */
interface Router {
  readonly stack: readonly Layer[]
  /** Only one of the matching layers runs: a guard in another one does not count. */
  readonly exclusive?: boolean
}

interface Layer {
  readonly path: string | RegExp
  /** Empty on what was put in with `use`. */
  readonly methods: readonly string[]
  readonly stack: readonly Handle[]
  readonly opts?: { readonly end?: boolean; readonly sensitive?: boolean }
}

/**
 * Throws ConfigError that names the first middleware or route which may answer and which nothing before it settles.
 * What was checked is closed afterwards: a route that came later would have been seen by nobody.
 */
export function checkMiddleware({ middleware }: Stack): void {
  const settled = middleware.findIndex(isMarked)
  const before = settled === -1 ? middleware : middleware.slice(0, settled)
  before.forEach((handle, index) => {
    if (handle.router !== undefined) checkRouter(handle.router)
    else if (!isPassing(handle)) refuse(`middleware[${index}] ${handle.name}`.trim(), 'the middleware')
  })
  Object.freeze(middleware)
}

function checkRouter({ stack, exclusive = false }: Router): void {
  const guards: Layer[] = []
  for (const layer of stack) {
    const first = layer.stack.find((handle) => !isPassing(handle))
    const isSettled = first === undefined || isMarked(first)
    const isRoute = layer.methods.length > 0
    if (!isSettled && (exclusive || !guards.some((guard) => covers(guard, layer)))) {
      refuse(
        `${layer.methods.join(',')} ${String(layer.path)}`.trim(),
        isRoute ? 'the route' : 'the middleware',
      )
    }
    if (!isRoute && first !== undefined && isSettled) guards.push(layer)
    Object.freeze(layer.stack)
  }
  Object.freeze(stack)
}

function refuse(path: string, what: string): never {
  throw new ConfigError(
    path,
    `${what} is neither guarded nor marked: put allow(...) or open before it, ` +
      'or passesOn(...) around what never answers',
  )
}

// How the router writes a `use` without a path, after the prefix if it has one.
const anyPath = /(?:\(\?:\\\/\|\$\)|\{\/\*rest\})$/

/** Whether all that reaches `layer` went through `guard` before. In doubt it did not. */
function covers(guard: Layer, layer: Layer): boolean {
  if (typeof guard.path !== 'string' || guard.opts?.end !== false) return false
  // A guard that knows one spelling does not stop `/API/a` on its way to a route that takes both.
  if (guard.opts.sensitive === true && layer.opts?.sensitive !== true) return false
  const base = guard.path.replace(anyPath, '')
  return base === '' || (typeof layer.path === 'string' && isBelow(base, layer.path))
}
