import type { LibraryFile } from '../src/index.ts'

type Entry = LibraryFile['entries'][string]

interface Fixture {
  readonly text: string
  readonly expected: readonly { readonly line: number; readonly kind: string }[]
}

const HEAD = `/** @tainted */
function tainted(): string { return 'x' }
function sink(/** @sensitive */ _value: unknown): void {}
`

/** A program with one line for each row of a model: a sink given tainted data, a source or a result given to a sink. */
export function fixtureOf(model: LibraryFile): Fixture {
  const name = typeof model.package === 'string' ? model.package : (model.package[0] ?? '')
  const lines = HEAD.split('\n').slice(0, -1)
  if (name !== 'global') lines.push(`import * as library from '${name}'`)
  const expected: { line: number; kind: string }[] = []
  for (const [paths, entry] of Object.entries(model.entries)) {
    for (const path of paths.split(' | ')) {
      for (const { code, kind } of usesOf(entry, placeOf(model, name, path))) {
        lines.push(`export async function f${lines.length}(it: ${typeOf(model, name, path)}) { ${code} }`)
        expected.push({ line: lines.length, kind })
      }
    }
  }
  return { text: `${lines.join('\n')}\n`, expected }
}

interface Use {
  readonly code: string
  readonly kind: string
}

function usesOf(entry: Entry, place: string): Use[] {
  const sinks = Object.entries(entry.sinks ?? {}).flatMap(([at, kinds]) => sinkUses(entry, place, at, kinds))
  // What the engine does itself, and what is cleaned on the way, has fixtures of its own.
  const isPlain = entry.native === undefined && entry.clears === undefined && entry.keeps === undefined
  const flows = isPlain ? (entry.flows ?? []).flatMap((flow) => flowUses(entry, place, flow)) : []
  // A type that is a source as a whole is one where a callback is given it, not where a name is declared so.
  const sources =
    entry.source === undefined || place === 'it' ? [] : [{ code: `sink(${place})`, kind: 'any' }]
  return [...sinks, ...flows, ...sources]
}

function sinkUses(entry: Entry, place: string, at: string, kinds: string): Use[] {
  const args = argumentsFor(at, entry)
  return args === undefined
    ? []
    : kinds.split(', ').map((kind) => ({ code: called(entry, place, args), kind }))
}

function flowUses(entry: Entry, place: string, flow: string): Use[] {
  const [, from, to] = /^(arg\(\d+(?:\.\.\d*)?\)) (?:->|=>|\*>) (return)$/.exec(flow) ?? []
  const args = from === undefined || to === undefined ? undefined : argumentsFor(from, entry)
  return args === undefined ? [] : [{ code: `sink(${called(entry, place, args)})`, kind: 'any' }]
}

function called(entry: Entry, place: string, args: readonly string[]): string {
  return `${entry.isNew === true ? 'new ' : ''}(${place})(${args.join(', ')})`
}

/** The arguments of a call whose place `at` is tainted; undefined for places no plain argument reaches. */
function argumentsFor(at: string, entry: Entry): string[] | undefined {
  const match = /^arg\((?:(\d+)(?:\.\.\d*)?|last)\)((?:\.[\w<>]+|\.\[[^\]]+\])*)$/.exec(at)
  if (match === null || at.includes('.param') || at.includes('.return')) return undefined
  const position = Number(match[1] ?? 0)
  const steps = [...(match[2] ?? '').matchAll(/\.(?:\[([^\]]+)\]|([\w<>]+))/g)].map(
    (one) => one[1] ?? one[2] ?? '',
  )
  const args = Array.from(
    { length: Math.max(position + 1, entry.least ?? 0, entry.arity ?? 0) },
    () => 'undefined',
  )
  if (entry.when !== undefined) args[0] = JSON.stringify(entry.when)
  args[position] = wrapped(steps)
  return args
}

function wrapped(steps: readonly string[]): string {
  const [first, ...rest] = steps
  if (first === undefined) return 'tainted()'
  if (first === 'element') return `[${wrapped(rest)}]`
  if (first === 'deep') return '{ inside: { more: tainted() } }'
  return `{ ${first === 'any' ? 'some' : JSON.stringify(first)}: ${wrapped(rest)} }`
}

/** The place as an expression; places of a named type start at the parameter `it`. */
function placeOf(model: LibraryFile, library: string, path: string): string {
  const parts = path.match(/(?:\([^)]*\)|\[[^\]]*\]|[^.([])+/g) ?? []
  const isType = typeHead(model, path) !== undefined
  const root = library === 'global' ? '' : 'library'
  return (isType ? parts.slice(1) : parts).reduce(step, isType ? 'it' : root)
}

function typeHead(model: LibraryFile, path: string): string | undefined {
  const [head = '', next] = path.split('.')
  return next !== 'new()' && model.types !== undefined && Object.hasOwn(model.types, head) ? head : undefined
}

function typeOf(model: LibraryFile, library: string, path: string): string {
  const head = typeHead(model, path)
  if (head === undefined) return 'unknown'
  return library === 'global' ? head : `library.${head}`
}

function step(from: string, part: string): string {
  if (part === 'new()') return `new (${from})()`
  if (part === 'await') return `(await ${from})`
  if (part === 'element') return `[...${from}][0]`
  const [, name = '', call] = /^(.*?)(\(\))?$/.exec(part) ?? []
  const quoted = /^\[(.*)\]$/.exec(name)?.[1]
  const key = quoted === undefined ? (name === 'any' ? 'whatever' : name) : quoted
  const member = name === '' ? from : from === '' ? key : `${from}[${JSON.stringify(key)}]`
  return call === undefined ? member : `${member}()`
}
