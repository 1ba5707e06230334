import { ConfigError } from '../../core/index.ts'
import type { Policy, Rules } from '../../core/index.ts'
import { nodeHttp } from './node-http.ts'
import { normalisePath } from './path.ts'

/** One row of a resource table, ready to be matched. */
export interface Resource {
  /** The row's key: `GET /order/:id`. */
  readonly route: string
  /** `undefined`: open. */
  readonly policy: Policy | undefined
  readonly names: readonly string[]
}

export type Params = Readonly<Record<string, string>>

/** What a table says about a method and a normalised path. */
type Match =
  | { readonly kind: 'found'; readonly resource: Resource; readonly params: Params }
  | { readonly kind: 'other methods'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' }

export interface ResourceTable {
  readonly resources: readonly Resource[]
  /** `path` is normalised; `undefined` for a target that is no path (CONNECT). */
  match(method: string, path: string | undefined): Match
}

type ByMethod = Map<string, Resource>

interface Segment {
  readonly literals: Map<string, Segment>
  parameter?: Segment
  readonly methods: ByMethod
}

const rowForm = /^([A-Z-]+|\*) (\/\S*|\*)$/
const nameForm = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Compiles `resources`: `'METHOD /path/:name'` to what the resource demands; `true` is the service's `auth` as it is.
 * A literal segment wins over a `:name`; `'* *'` takes what nothing else matches. Where `only` names the one method
 * that the wire has, a row is its path alone.
 */
export function toResourceTable(
  table: Readonly<Record<string, unknown>>,
  rules: Rules,
  only?: string,
): ResourceTable {
  const root = toSegment()
  const anywhere: ByMethod = new Map()
  const resources: Resource[] = []
  for (const [route, auth] of Object.entries(table)) {
    const at = `resources[${JSON.stringify(route)}]`
    const [method, path] = parseRow(only === undefined ? route : `${only} ${route}`, at)
    const names: string[] = []
    const methods = path === '*' ? anywhere : place(root, path, names, at)
    if (methods.has(method)) throw new ConfigError(at, 'a second row for the same method and path')
    const policy = rules.policyFor(auth === true ? undefined : auth, at)
    const resource = Object.freeze({ route, policy, names })
    methods.set(method, resource)
    resources.push(resource)
  }
  return { resources, match: (method, path) => find(root, anywhere, method, path) }
}

function parseRow(route: string, at: string): readonly [method: string, path: string] {
  const form = rowForm.exec(route)
  if (form === null) throw new ConfigError(at, "expected 'METHOD /path', such as 'GET /order/:id', or '* *'")
  const [, method, path] = form as unknown as [string, string, string]
  if (method !== '*' && !nodeHttp().METHODS.includes(method))
    throw new ConfigError(at, `${method} is no HTTP method`)
  const normal = path === '*' ? { ok: true, value: path } : normalisePath(path)
  if (!normal.ok || normal.value !== path || path.includes('%')) {
    throw new ConfigError(at, 'expected a path without escapes, empty or dot segments')
  }
  return [method, path]
}

function toSegment(): Segment {
  return { literals: new Map(), methods: new Map() }
}

function place(root: Segment, path: string, names: string[], at: string): ByMethod {
  let segment = root
  for (const part of split(path)) {
    if (part.startsWith(':')) {
      const name = part.slice(1)
      if (!nameForm.test(name) || names.includes(name)) {
        throw new ConfigError(at, `expected a name of its own after ':', found ${JSON.stringify(part)}`)
      }
      names.push(name)
      segment = segment.parameter ??= toSegment()
    } else {
      const next = segment.literals.get(part) ?? toSegment()
      segment.literals.set(part, next)
      segment = next
    }
  }
  return segment.methods
}

function split(path: string): readonly string[] {
  return path.slice(1).split('/')
}

function find(root: Segment, anywhere: ByMethod, method: string, path: string | undefined): Match {
  const parts = path === undefined ? undefined : decode(split(path))
  const found = parts && descend(root, parts, 0, noValues, method)
  if (found !== undefined) return found
  const resource = select(anywhere, method)
  if (resource !== undefined) return { kind: 'found', resource, params: toParams(resource, noValues) }
  const allowed = new Set<string>()
  if (parts !== undefined) collectMethods(root, parts, 0, allowed)
  return allowed.size > 0 ? { kind: 'other methods', allowed: [...allowed] } : { kind: 'none' }
}

function decode(parts: readonly string[]): readonly string[] {
  return parts.map((part) => (part.includes('%') ? decodeURIComponent(part) : part))
}

const noValues: readonly string[] = []

/** Recursion ends with the table's own depth: a path cannot go deeper than its rows. */
function descend(
  segment: Segment,
  parts: readonly string[],
  depth: number,
  values: readonly string[],
  method: string,
): Match | undefined {
  const part = parts[depth]
  if (part === undefined) {
    const resource = select(segment.methods, method)
    return resource && { kind: 'found', resource, params: toParams(resource, values) }
  }
  const literal = segment.literals.get(part)
  const found = literal && descend(literal, parts, depth + 1, values, method)
  if (found !== undefined || segment.parameter === undefined || part === '') return found
  return descend(segment.parameter, parts, depth + 1, [...values, part], method)
}

/** The methods of all rows that the path matches. */
function collectMethods(
  segment: Segment,
  parts: readonly string[],
  depth: number,
  allowed: Set<string>,
): void {
  const part = parts[depth]
  if (part === undefined) {
    for (const method of segment.methods.keys()) {
      allowed.add(method)
      if (method === 'GET') allowed.add('HEAD')
    }
    return
  }
  for (const next of [segment.literals.get(part), part === '' ? undefined : segment.parameter]) {
    if (next !== undefined) collectMethods(next, parts, depth + 1, allowed)
  }
}

function select(methods: ByMethod, method: string): Resource | undefined {
  return methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined) ?? methods.get('*')
}

const noParams: Params = Object.freeze(Object.create(null) as Params)

function toParams({ names }: Resource, values: readonly string[]): Params {
  if (names.length === 0) return noParams
  const params = Object.create(null) as Record<string, string>
  names.forEach((name, index) => (params[name] = values[index]!))
  return Object.freeze(params)
}
