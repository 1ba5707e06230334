import type { ApiNode, Row, SinkRow } from './node.ts'
import { emptyRow, memberOf, newNode } from './node.ts'
import { ModelError, parseAccess, parseFlow, splitPath } from './access.ts'
import { EVERY, maskOf } from './kinds.ts'

/** One file of models: a library's dangerous, tainted and passing places. `models/schema.json` describes it. */
export interface LibraryFile {
  readonly package: string | readonly string[]
  /** Names for kinds of objects, and the paths that yield one: `"Client": ["Client.new()"]`. */
  readonly types?: Readonly<Record<string, readonly string[]>>
  readonly entries: Readonly<Record<string, EntryFile>>
}

export interface EntryFile {
  readonly source?: string
  readonly confidence?: number
  /** The source is a string: it can hold no operator object. */
  readonly text?: boolean
  /** Place relative to the call -> kind of danger. */
  readonly sinks?: Readonly<Record<string, string>>
  /** The function's parameter names, for messages. */
  readonly params?: readonly string[]
  readonly flows?: readonly string[]
  readonly clears?: readonly string[]
  /** The result is dangerous for these kinds only. */
  readonly keeps?: readonly string[]
  readonly guard?: {
    readonly argument: number
    readonly clears: readonly string[]
    readonly outcome?: boolean
  }
  /** Callback places -> the types of their parameters (`-` for none). */
  readonly callbacks?: Readonly<Record<string, readonly string[]>>
  readonly chain?: 'shared' | 'route'
  readonly returns?: string
  readonly instance?: string
  readonly is?: string
  readonly assigned?: string
  readonly when?: string
  readonly arity?: number
  /** Only calls with at least this many arguments. */
  readonly least?: number
  readonly isNew?: boolean
  readonly inert?: boolean
  readonly native?: string
}

/** Every model, as a graph of places that starts at package names. */
export class Models {
  readonly #packages = new Map<string, ApiNode>()
  readonly #types = new Map<string, ApiNode>()
  /** Methods known by name alone, whatever the receiver. */
  readonly methods: Map<string, Row> = new Map()

  add(file: LibraryFile): void {
    const names = typeof file.package === 'string' ? [file.package] : file.package
    const first = names[0]
    if (first === undefined) return
    const root = this.#package(first)
    for (const name of names.slice(1)) this.#packages.set(name, root)
    for (const [type, paths] of Object.entries(file.types ?? {})) {
      for (const path of paths) this.#walk(first, path).alias = this.#type(first, type)
      this.#member(root, type, first).instance ??= this.#type(first, type)
    }
    for (const [path, entry] of Object.entries(file.entries)) {
      for (const one of path.split(/\s*\|\s*/)) this.#entry(first, one, entry)
    }
  }

  addMethods(methods: Readonly<Record<string, readonly string[] | EntryFile>>): void {
    for (const [names, entry] of Object.entries(methods)) {
      for (const name of names.split(/\s*\|\s*/)) {
        const row = this.methods.get(name) ?? emptyRow()
        this.#fill(
          row,
          'builtin',
          name,
          Array.isArray(entry) ? { flows: entry as readonly string[] } : (entry as EntryFile),
        )
        this.methods.set(name, row)
      }
    }
  }

  package(name: string): ApiNode | undefined {
    return this.#packages.get(name.replace(/^node:/, '')) ?? this.#subpath(name)
  }

  /** What a type of a package names, e.g. `pg` `Client`; undefined when no model speaks of it. */
  type(packageName: string, path: readonly string[]): ApiNode | undefined {
    const root = this.package(packageName)
    if (root === undefined) return undefined
    const last = path.at(-1) ?? ''
    const first = [...this.#packages].find(([, node]) => node === root)?.[0] ?? packageName
    return this.#types.get(`${first}#${last}`)
  }

  /** Names of the members of all types of these packages. */
  typeMembers(packages: ReadonlySet<string>): ReadonlySet<string> {
    const owners = new Set([...packages].map((name) => this.package(name)))
    const names = new Set<string>()
    for (const [key, node] of this.#types) {
      if (!owners.has(this.#packages.get(key.slice(0, key.lastIndexOf('#'))))) continue
      for (let at: ApiNode | undefined = node; at !== undefined; at = at.alias)
        for (const name of at.members.keys()) names.add(name)
    }
    return names
  }

  /** A file of a package (`lodash/map`) is that member of it. */
  #subpath(name: string): ApiNode | undefined {
    const parts = name.split('/')
    const scope = name.startsWith('@') ? 2 : 1
    const root = this.#packages.get(parts.slice(0, scope).join('/'))
    const member = parts.at(-1)
    return root === undefined || parts.length <= scope || member === undefined
      ? undefined
      : memberOf(root, member)
  }

  #package(name: string): ApiNode {
    let node = this.#packages.get(name)
    if (node === undefined) {
      node = newNode(name === 'global' ? '' : name)
      this.#packages.set(name, node)
    }
    return node
  }

  #type(packageName: string, name: string): ApiNode {
    const key = `${packageName}#${name}`
    let node = this.#types.get(key)
    if (node === undefined) {
      node = newNode(packageName === 'global' ? name : `${packageName} ${name}`)
      this.#types.set(key, node)
    }
    return node
  }

  /** `Client.query` may start at a type of the file or at the package; `pg#Client` names another file's type. */
  #walk(packageName: string, path: string): ApiNode {
    const parts = splitPath(path)
    const first = parts[0] ?? ''
    const isClass = parts[1] === 'new()'
    const named = isClass
      ? undefined
      : this.#types.get(first.includes('#') ? first : `${packageName}#${first}`)
    let at = named ?? this.#package(packageName)
    for (const part of named === undefined ? parts : parts.slice(1)) at = this.#step(at, part, packageName)
    return at
  }

  #step(from: ApiNode, part: string, packageName: string): ApiNode {
    const call = /^(.*)\(\)$/.exec(part)
    if (call === null) return this.#member(from, part, packageName)
    const name = call[1] ?? ''
    if (name === 'new') return (from.instance ??= newNode(from.label))
    const callee = name === '' ? from : this.#member(from, name, packageName)
    return (callee.result ??= newNode(`${callee.label}()`))
  }

  #member(from: ApiNode, name: string, packageName: string): ApiNode {
    if (name === 'any') return (from.any ??= newNode(`${from.label}.*`))
    const field = /^\[(.*)\]$/.exec(name)?.[1] ?? FIELD_NAMES.get(name) ?? name
    let node = from.members.get(field)
    if (node === undefined) {
      const separator = from.label === '' || from.label === packageName ? ' ' : '.'
      node = newNode(`${from.label}${separator}${name}`.trim())
      // A default export usually is the whole module again.
      if (name === 'default') node.alias = from
      from.members.set(field, node)
    }
    return node
  }

  #entry(packageName: string, path: string, entry: EntryFile): void {
    const node = this.#walk(packageName, path)
    node.row ??= emptyRow()
    this.#fill(node.row, packageName, path, entry)
    if (entry.is !== undefined) node.alias = this.#named(packageName, entry.is, path)
    if (entry.returns !== undefined) {
      node.result ??= newNode(`${node.label}()`)
      node.result.alias = this.#named(packageName, entry.returns, path)
    }
    if (entry.instance !== undefined) {
      node.instance ??= newNode(node.label)
      node.instance.alias = this.#named(packageName, entry.instance, path)
    }
  }

  #named(packageName: string, type: string, path: string): ApiNode {
    const key = type.includes('#') ? type : `${packageName}#${type}`
    const [owner, name] = key.split('#')
    if (owner === undefined || name === undefined)
      throw new ModelError(path, `expected a type, got "${type}"`)
    return this.#type(owner, name)
  }

  #fill(row: Row, packageName: string, path: string, entry: EntryFile): void {
    if (entry.source !== undefined) row.source = sourceOf(entry.source, entry)
    for (const [at, kinds] of Object.entries(entry.sinks ?? {}))
      row.sinks.push(...sinksOf(path, at, kinds, entry))
    for (const flow of entry.flows ?? []) row.flows.push(parseFlow(flow, path))
    for (const [at, types] of Object.entries(entry.callbacks ?? {})) {
      const params = types.map((type) => (type === '-' ? undefined : this.#named(packageName, type, path)))
      row.callbacks.push({ at: parseAccess(at, path), params, when: entry.when, chain: entry.chain })
    }
    fillFlags(row, path, entry)
  }
}

/** Dangers that a string cannot bring. */
const OBJECT_KINDS: readonly string[] = ['nosql']

function sourceOf(kind: string, entry: EntryFile): NonNullable<Row['source']> {
  return {
    kind,
    confidence: entry.confidence ?? 1,
    cleared: entry.text === true ? maskOf(OBJECT_KINDS) : 0,
  }
}

function fillFlags(row: Row, path: string, entry: EntryFile): void {
  if (entry.clears !== undefined) row.clears |= maskOf(entry.clears)
  if (entry.keeps !== undefined) row.clears |= EVERY & ~maskOf(entry.keeps)
  if (entry.guard !== undefined) {
    const { argument, clears, outcome = true } = entry.guard
    row.guards.push({ argument, kinds: maskOf(clears), outcome })
  }
  if (entry.assigned !== undefined) row.assigned = { kind: entry.assigned, name: entry.params?.[0] ?? path }
  row.isInert ||= entry.inert === true
  row.native ??= entry.native
  row.isNew ??= entry.isNew
}

/** One row per kind; the parameter's name is the field's, else the declared one at that position. */
function sinksOf(path: string, at: string, kinds: string, entry: EntryFile): SinkRow[] {
  const access = parseAccess(at, path)
  const last = access.steps.at(-1)
  const isNamed = last?.kind === 'field' && !last.name.startsWith('<')
  const { when, arity, least, isNew } = entry
  const name = isNamed ? last.name : parameterName(access, entry)
  return kinds.split(/\s*,\s*/).map((kind) => ({ at: access, kind, name, when, arity, least, isNew }))
}

function parameterName(access: SinkRow['at'], entry: EntryFile): string {
  const position = access.base.kind === 'arg' ? access.base.from : 0
  return entry.params?.[position] ?? `argument ${position + 1}`
}

const FIELD_NAMES: ReadonlyMap<string, string> = new Map([
  ['await', '<await>'],
  ['element', '<element>'],
])
