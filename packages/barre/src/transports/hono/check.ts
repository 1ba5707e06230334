import { ConfigError } from '../../core/index.ts'
import { isBelow, isMarked, isPassing } from '../http/index.ts'

/** A Hono application's list of routes: middleware and the routes of applications below stand in it too. */
export interface RouteList {
  readonly routes: readonly Route[]
}

interface Route {
  /** `ALL` on middleware. */
  readonly method: string
  readonly path: string
  readonly handler: Handler
}

type Handler = ((...input: never[]) => unknown) & {
  /** The handler of an application below which has an error handler of its own. */
  readonly [composed]?: Handler
}

const composed = '__COMPOSED_HANDLER'

/** The deepest nesting of applications that is looked into. */
export const applicationMaxDepth = 32

/**
 * Throws ConfigError that names the first route or middleware which may answer and which nothing before it settles.
 * The list is closed afterwards: a route that came later would have been seen by nobody.
 */
export function checkRoutes({ routes }: RouteList): void {
  const guards: Route[] = []
  for (const route of routes) {
    const handler = innermost(route.handler)
    if (isMarked(handler)) guards.push(route)
    else if (!isPassing(handler) && !guards.some((guard) => covers(guard, route))) {
      throw new ConfigError(
        `${route.method} ${route.path}`,
        'the route is neither guarded nor marked: put allow(...) or open before its other handlers, ' +
          'or passesOn(...) around middleware that never answers',
      )
    }
  }
  Object.freeze(routes)
}

function innermost(handler: Handler): Handler {
  let inner = handler
  for (let depth = 0; depth < applicationMaxDepth && inner[composed] !== undefined; depth++) {
    inner = inner[composed]
  }
  return inner
}

/** Whether all that reaches `route` went through `guard` before: Hono runs what matches in the order of the list. */
function covers(guard: Route, route: Route): boolean {
  if (guard.method !== 'ALL' && guard.method !== route.method) return false
  if (guard.path === route.path) return true
  return guard.path.endsWith('/*') && isBelow(guard.path.slice(0, -2), route.path)
}
