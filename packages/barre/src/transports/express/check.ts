import { ConfigError } from '../../core/index.ts'
import { isBelow, isMarked, isPassing } from '../http/index.ts'

/** The deepest nesting of routers that is walked. */
export const routerMaxDepth = 32

/** A router's list of layers, as Express 5's `router` package keeps it. */
export interface Stack {
  readonly stack: readonly Layer[]
}

type Path = string | RegExp | readonly (string | RegExp)[]

interface Layer {
  readonly handle: Handle
  readonly name?: string
  readonly rawPath?: Path
  /** Whether the layer is mounted at `/`. */
  readonly slash?: boolean
  /** On the layers of a route: the method, absent for `all`. */
  readonly method?: string
  readonly route?: { readonly path: Path; readonly stack: readonly Layer[] }
}

type Handle = ((...input: never[]) => unknown) & {
  readonly stack?: readonly Layer[]
  readonly router?: Stack
}

/** Express's own parsers: applications put them before their routes, and they answer nobody. */
const parsers: ReadonlySet<string> = new Set(['jsonParser', 'rawParser', 'textParser', 'urlencodedParser'])

/**
 * Throws ConfigError that names the first route or middleware which may answer, and which nothing before it settles.
 * The lists that were looked at are closed afterwards: what came later would have been seen by nobody.
 */
export function checkRoutes(router: Stack): void {
  walk(router.stack, '', false, 0)
}

function walk(layers: readonly Layer[], prefix: string, isSettled: boolean, depth: number): void {
  if (depth > routerMaxDepth) throw new ConfigError(prefix, `routers nested deeper than ${routerMaxDepth}`)
  const settledPaths: string[] = []
  for (const layer of layers) {
    const paths = pathsOf(layer)
    const covered = isSettled || paths.every((path) => settledPaths.some((settled) => covers(settled, path)))
    const name = prefix + paths.join('|')
    if (typeof layer.route === 'object') {
      if (!covered) checkRoute(layer.route.stack, name)
    } else if (isMarked(layer.handle)) {
      settledPaths.push(...paths)
    } else if (layer.handle.name === 'mounted_app') {
      walkApplication(layer, name, covered, depth)
    } else if (Array.isArray(layer.handle.stack)) {
      walk(layer.handle.stack, name === '/' ? '' : name, covered, depth + 1)
    } else if (!covered) checkMiddleware(layer.handle, name)
  }
  if (!isSettled) Object.freeze(layers)
}

function checkMiddleware(handle: Handle, name: string): void {
  // Express gives no request to what takes four arguments: it handles errors.
  if (handle.length > 3 || isPassing(handle) || parsers.has(handle.name)) return
  throw new ConfigError(
    name,
    `the middleware ${handle.name || 'without a name'} is neither guarded nor marked: put allow(...) or open before ` +
      'it, or passesOn(...) around it where it never answers by itself',
  )
}

/**
 * For each method of a route, the first handler that may answer must be a guard or `open`: a body parser before it
 * would read a stranger's body.
 */
function checkRoute(handlers: readonly Layer[], name: string): void {
  const methods = new Set(handlers.map((handler) => handler.method))
  for (const method of methods) {
    const first = handlers.find(
      (handler) => (handler.method === undefined || handler.method === method) && !isPassing(handler.handle),
    )
    if (first === undefined || isMarked(first.handle)) continue
    throw new ConfigError(
      `${method?.toUpperCase() ?? 'ALL'} ${name}`,
      'the route is neither guarded nor marked: put allow(...) or open before its other handlers',
    )
  }
  Object.freeze(handlers)
}

function walkApplication(layer: Layer, name: string, covered: boolean, depth: number): void {
  if (covered) return
  const application = applicationOf(layer)
  if (application === undefined) {
    throw new ConfigError(
      name,
      'a mounted application that cannot be looked into: guard its path with use(path, allow())',
    )
  }
  walk(application.router.stack, name === '/' ? '' : name, false, depth + 1)
}

/**
 * The application behind Express's `mounted_app`, which keeps it in a closure. Its first act on a request is to give
 * it the application's prototype; that is answered with an exception, before anything is routed.
 */
function applicationOf(layer: Layer): { readonly router: Stack } | undefined {
  let found: { readonly router: Stack } | undefined
  const request = new Proxy(
    {},
    {
      setPrototypeOf(_target, prototype: { readonly app?: { readonly router: Stack } } | null) {
        found = prototype?.app
        throw new Error('seen')
      },
    },
  )
  const response = { setHeader: () => undefined }
  try {
    const mounted = layer.handle as (request: object, response: object, next: () => void) => void
    mounted(request, response, () => undefined)
  } catch {
    return found
  }
  return undefined
}

/** Where a layer is mounted, as text. A regular expression gets a name that covers and is covered by nothing. */
function pathsOf(layer: Layer): readonly string[] {
  if (layer.route === undefined && layer.slash === true) return ['/']
  const path = layer.route?.path ?? layer.rawPath
  const listed: readonly unknown[] = Array.isArray(path) ? path : [path]
  return listed.map((one) => (typeof one === 'string' ? one : `(${String(one)})`))
}

function covers(settled: string, path: string): boolean {
  if (settled === '/') return true
  if (settled.startsWith('(')) return false
  return path === settled || isBelow(settled.endsWith('/') ? settled.slice(0, -1) : settled, path)
}
