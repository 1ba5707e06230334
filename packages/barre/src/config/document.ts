import { parse, TomlError } from 'smol-toml'
import { ConfigError, isRecord } from '../core/index.ts'
import { appendName, appendStep, parseKeyPath } from './key-path.ts'
import type { Step } from './key-path.ts'

/** A configuration as a tree whose every node knows its key path. */
export interface Table {
  readonly kind: 'table'
  readonly path: string
  readonly members: Map<string, Node>
}

interface List {
  readonly kind: 'list'
  readonly path: string
  readonly entries: readonly Node[]
}

export interface Leaf {
  readonly kind: 'leaf'
  readonly path: string
  /** What the file says it is, which other sources keep to; `open` when the file lacks it. */
  readonly type: 'text' | 'whole number' | 'number' | 'flag' | 'date' | 'open'
  value: unknown
  /** For people: `app.toml`, `environment variable HTTP_PORT`. */
  source: string
}

export type Node = Table | List | Leaf

/** A tree and its nodes by their key paths. */
export interface Document {
  readonly root: Table
  readonly nodes: Map<string, Node>
}

/** The most nodes of a configuration, and how deep they may lie. */
export const nodesMax = 100_000
export const depthMax = 32

/** An entry of a list of tables is addressed by the first of these that every entry has, each another one. */
const identityMembers = ['id', 'name', 'username', 'clientId', 'url'] as const

/** A document without anything in it. */
export function emptyDocument(): Document {
  const root: Table = { kind: 'table', path: '', members: new Map() }
  return { root, nodes: new Map([['', root]]) }
}

/** Reads TOML. `name` is how messages call the file. Throws ConfigError that quotes nothing of it. */
export function parseDocument(source: string, name: string): Document {
  const document = emptyDocument()
  const parsed = parseToml(source, name)
  for (const [key, value] of Object.entries(parsed)) {
    document.root.members.set(key, build(value, appendName('', key), 1, name, document))
  }
  return document
}

function parseToml(source: string, name: string): Record<string, unknown> {
  try {
    // Whole numbers as bigint: only so 1 is told from 1.0, which an override must keep to.
    return parse(source, { integersAsBigInt: true, unsafeKeyBehaviour: 'throw', maxDepth: depthMax })
  } catch (error) {
    // The parser's own message quotes the file, and a file may hold secrets.
    const where = error instanceof TomlError ? `line ${error.line}` : 'somewhere'
    throw new ConfigError('', `${name} is not TOML: see ${where}`)
  }
}

function build(value: unknown, path: string, depth: number, source: string, document: Document): Node {
  if (depth > depthMax) throw new ConfigError(path, `tables lie at most ${depthMax} deep`)
  const node = toNode(value, path, depth, source, document)
  register(node, document)
  return node
}

/** Adds a node under its path. Throws ConfigError when another one has it. */
export function register(node: Node, { nodes }: Document): void {
  if (nodes.has(node.path)) {
    throw new ConfigError(node.path, 'written twice: in a table, and as a quoted name with dots')
  }
  if (nodes.size >= nodesMax) throw new ConfigError('', `a configuration has at most ${nodesMax} values`)
  nodes.set(node.path, node)
}

function toNode(value: unknown, path: string, depth: number, source: string, document: Document): Node {
  if (Array.isArray(value)) {
    const identity = identityOf(value)
    const entries = value.map((entry: unknown, index) => {
      const step = identity === undefined ? { index } : toStep(identity, entry)
      return build(entry, appendStep(path, step), depth + 1, source, document)
    })
    return { kind: 'list', path, entries }
  }
  if (!isRecord(value)) return { kind: 'leaf', path, source, ...toScalar(value, path) }
  const members = Object.entries(value).map(([key, member]): [string, Node] => [
    key,
    build(member, appendName(path, key), depth + 1, source, document),
  ])
  return { kind: 'table', path, members: new Map(members) }
}

function toStep(member: string, entry: unknown): Step {
  return { member, value: (entry as Record<string, string>)[member]! }
}

function identityOf(entries: readonly unknown[]): string | undefined {
  return identityMembers.find((name) => {
    const values = entries.map((entry) => (isRecord(entry) ? entry[name] : undefined))
    return values.every((value) => typeof value === 'string') && new Set(values).size === values.length
  })
}

function toScalar(value: unknown, path: string): Pick<Leaf, 'type' | 'value'> {
  if (typeof value === 'string') return { type: 'text', value }
  if (typeof value === 'boolean') return { type: 'flag', value }
  if (typeof value === 'number') return { type: 'number', value }
  if (typeof value !== 'bigint') return { type: 'date', value }
  if (Number.isSafeInteger(Number(value))) return { type: 'whole number', value: Number(value) }
  throw new ConfigError(path, 'the number is too large to be held exactly: write it as text')
}

/** The node at a key path, however that is written; `undefined` when there is none. */
export function findNode(path: string, document: Document): Node | undefined {
  if (path === '') return document.root
  let at = ''
  for (const step of parseKeyPath(path)) {
    const next = 'name' in step ? appendName(at, step.name) : findEntry(at, step, document)
    if (next === undefined) return undefined
    at = next
  }
  return document.nodes.get(at)
}

function findEntry(path: string, step: Exclude<Step, { name: string }>, document: Document) {
  const list = document.nodes.get(path)
  if (list?.kind !== 'list') return undefined
  if ('index' in step) return list.entries[step.index]?.path
  const found = list.entries.filter((entry) => {
    const member = entry.kind === 'table' ? entry.members.get(step.member) : undefined
    return member?.kind === 'leaf' && member.value === step.value
  })
  return found.length === 1 ? found[0]?.path : undefined
}

/** Every value of a document. */
export function leavesOf({ nodes }: Document): Leaf[] {
  return [...nodes.values()].filter((node) => node.kind === 'leaf')
}
