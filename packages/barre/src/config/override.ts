import { ConfigError, Secret } from '../core/index.ts'
import { findNode, leavesOf, register } from './document.ts'
import { isEncrypted } from './encrypted-value.ts'
import { appendName, parseKeyPath } from './key-path.ts'
import type { Document, Leaf, Table } from './document.ts'

/** Texts by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The environment variable that stands for a key: dots become `_`; `undefined` when that is no variable's name. */
export function variableOf(path: string): string | undefined {
  const name = path.replaceAll('.', '_')
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : undefined
}

/** Replaces values of the file by what the environment says. */
export function applyEnvironment(document: Document, env: Environment): void {
  for (const leaf of leavesOf(document)) {
    const name = variableOf(leaf.path)
    const text = name === undefined ? undefined : env[name]
    if (text !== undefined) replace(leaf, text, `environment variable ${name}`)
  }
}

/** Replaces or adds the values of `-e key=value`. */
export function applyArguments(document: Document, values: ReadonlyMap<string, string>): void {
  for (const [path, text] of values) {
    const node = findNode(path, document)
    if (node === undefined) add(path, text, document)
    else if (node.kind === 'leaf') replace(node, text, `-e ${path}`)
    else throw new ConfigError(path, `-e gives one value, but this is a ${node.kind}`)
  }
}

function replace(leaf: Leaf, text: string, source: string): void {
  leaf.value = text
  leaf.source = source
}

function add(path: string, value: string, document: Document): void {
  const names = parseKeyPath(path).map((step) => ('name' in step ? step.name : undefined))
  const last = names.pop()
  let table: Table = document.root
  for (const name of names) {
    const next = name === undefined ? undefined : memberTable(table, name, document)
    if (next === undefined) throw new ConfigError(path, '-e cannot add to a list, or below a value')
    table = next
  }
  if (last === undefined) throw new ConfigError(path, '-e cannot add to a list')
  const leaf: Leaf = {
    kind: 'leaf',
    path: appendName(table.path, last),
    type: 'open',
    value,
    source: `-e ${path}`,
  }
  register(leaf, document)
  table.members.set(last, leaf)
}

function memberTable(table: Table, name: string, document: Document): Table | undefined {
  const path = appendName(table.path, name)
  const known = document.nodes.get(path)
  if (known !== undefined) return known.kind === 'table' ? known : undefined
  const made: Table = { kind: 'table', path, members: new Map() }
  register(made, document)
  table.members.set(name, made)
  return made
}

/**
 * Brings a text from outside the file to the type that the value has in the file, once it is decrypted. Throws
 * ConfigError that names key and source.
 */
export function keepType(leaf: Leaf): void {
  const text = leaf.value instanceof Secret ? leaf.value.reveal() : leaf.value
  if (typeof text !== 'string' || isEncrypted(text)) return
  const read = typedTexts[leaf.type]
  if (read === undefined) return
  const value = read(text)
  if (value === undefined) {
    throw new ConfigError(leaf.path, `expected a ${leaf.type}, as in the file, from ${leaf.source}`)
  }
  leaf.value = value
}

const typedTexts: Partial<Record<Leaf['type'], (text: string) => unknown>> = {
  'whole number': toWholeNumber,
  number: toNumber,
  flag: toFlag,
}

function toWholeNumber(text: string): number | undefined {
  if (!/^[+-]?\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) return undefined
  return Number(text)
}

export function toNumber(text: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/.test(text) ? finite(Number(text)) : undefined
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}

export function toFlag(text: string): boolean | undefined {
  const lower = text.toLowerCase()
  return lower === 'true' || lower === 'false' ? lower === 'true' : undefined
}
