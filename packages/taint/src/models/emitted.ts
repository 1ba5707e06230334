import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ModelError } from './access.ts'
import type { EntryFile, LibraryFile, Models } from './library.ts'

/** The file that `barre check --emit` writes beside a package's declarations. */
export const EMITTED = '.taint.json'

/** Adds what installed packages say of themselves, unless a model of ours speaks of them already. */
export function addEmitted(models: Models, cwd: string, specifiers: Iterable<string>): void {
  for (const name of new Set([...specifiers].map(packageOf))) {
    const file = name === undefined || models.package(name) !== undefined ? undefined : find(cwd, name)
    if (name !== undefined && file !== undefined) models.add(read(file, name))
  }
}

function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('/') || specifier.includes(':')) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function find(from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const file = join(at, 'node_modules', name, EMITTED)
    if (existsSync(file)) return file
    if (at === dirname(at)) return undefined
  }
}

/** A dependency may tell of dangers and flows of its own functions; it cannot declare anything harmless. */
function read(file: string, name: string): LibraryFile {
  const parsed: { readonly entries?: unknown } = JSON.parse(readFileSync(file, 'utf8'))
  if (!isEntries(parsed.entries))
    throw new ModelError(file, 'expected { "package", "entries": { NAME: { "sinks", "flows" } } }')
  const entries = Object.entries(parsed.entries).map(([path, { params, sinks, flows, source }]) => [
    path,
    { params, sinks, flows, source },
  ])
  return { package: name, entries: Object.fromEntries(entries) }
}

function isEntries(value: unknown): value is Record<string, EntryFile> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((one) => typeof one === 'object')
  )
}
