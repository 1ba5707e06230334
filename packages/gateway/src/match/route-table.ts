import { METHODS } from 'node:http'
import { ConfigError } from 'barre/core'
import { normalisePath } from 'barre/transports/http'

/** The part of a route that requests are matched against. */
export interface RoutePattern {
  readonly host?: string
  readonly methods?: readonly string[]
  readonly path: string
}

/** What a table says about a request. */
type Match<R> =
  | { readonly kind: 'found'; readonly route: R }
  | { readonly kind: 'other methods'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' }

export interface RouteTable<R> {
  /** `host` without a port, in lower case; `path` normalised. */
  match(host: string, method: string, path: string): Match<R>
}

/** Routes by method; `*` is every method. */
type ByMethod<R> = Map<string, R>

interface Segment<R> {
  readonly literals: Map<string, Segment<R>>
  /** Any one segment, `:name`. */
  any?: Segment<R>
  /** All that lies below, `*`. */
  readonly below: ByMethod<R>
  readonly methods: ByMethod<R>
}

/** Compiles routes; throws ConfigError that names the route where two are the same or a path has two spellings. */
export function routeTable<R>(
  routes: readonly { readonly pattern: RoutePattern; readonly route: R }[],
): RouteTable<R> {
  const everyHost = toSegment<R>()
  const byHost = new Map<string, Segment<R>>()
  for (const [index, { pattern, route }] of routes.entries()) {
    const root = pattern.host === undefined ? everyHost : (byHost.get(pattern.host) ?? toSegment<R>())
    if (pattern.host !== undefined) byHost.set(pattern.host, root)
    const methods = place(root, pattern.path, `routes[${index}].path`)
    for (const method of pattern.methods ?? ['*']) add(methods, method, route, `routes[${index}]`)
  }
  return {
    match(host, method, path) {
      const allowed = new Set<string>()
      const parts = split(path).map(decode)
      const route = descend(byHost.get(host) ?? everyHost, parts, 0, method, allowed)
      if (route !== undefined) return { kind: 'found', route }
      return allowed.size > 0 ? { kind: 'other methods', allowed: [...allowed] } : { kind: 'none' }
    },
  }
}

function add<R>(methods: ByMethod<R>, method: string, route: R, at: string): void {
  if (method !== '*' && !METHODS.includes(method)) {
    throw new ConfigError(`${at}.methods`, `${method} is no HTTP method`)
  }
  if (methods.has(method)) {
    throw new ConfigError(`${at}.path`, 'an earlier route has the same host, method and path')
  }
  methods.set(method, route)
}

function toSegment<R>(): Segment<R> {
  return { literals: new Map(), below: new Map(), methods: new Map() }
}

function place<R>(root: Segment<R>, path: string, at: string): ByMethod<R> {
  checkPath(path, at)
  const parts = split(path)
  const isTail = parts.at(-1) === '*'
  let segment = root
  for (const part of isTail ? parts.slice(0, -1) : parts) {
    if (part.includes('*')) throw new ConfigError(at, 'expected * as the last segment only')
    if (part.startsWith(':')) {
      segment = segment.any ??= toSegment()
    } else {
      const next = segment.literals.get(part) ?? toSegment()
      segment.literals.set(part, next)
      segment = next
    }
  }
  return isTail ? segment.below : segment.methods
}

function checkPath(path: string, at: string): void {
  const normal = normalisePath(path)
  if (normal.ok && normal.value === path && !path.includes('%')) return
  throw new ConfigError(
    at,
    'expected a path such as /order/:id or /order/*, without escapes, empty or dot segments',
  )
}

function split(path: string): readonly string[] {
  return path.slice(1).split('/')
}

function decode(part: string): string {
  return part.includes('%') ? decodeURIComponent(part) : part
}

/** The recursion ends with the table's own depth: a path cannot go deeper than the routes. */
function descend<R>(
  segment: Segment<R>,
  parts: readonly string[],
  depth: number,
  method: string,
  allowed: Set<string>,
): R | undefined {
  const part = parts[depth]
  if (part === undefined) return select(segment.methods, method, allowed)
  const literal = segment.literals.get(part)
  const found = literal && descend(literal, parts, depth + 1, method, allowed)
  if (found !== undefined) return found
  const any = part === '' ? undefined : segment.any
  return (any && descend(any, parts, depth + 1, method, allowed)) ?? select(segment.below, method, allowed)
}

function select<R>(methods: ByMethod<R>, method: string, allowed: Set<string>): R | undefined {
  const route =
    methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined) ?? methods.get('*')
  if (route !== undefined) return route
  for (const other of methods.keys()) allowed.add(other)
  if (allowed.has('GET')) allowed.add('HEAD')
  return undefined
}
