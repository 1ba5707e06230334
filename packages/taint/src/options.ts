import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ParseArgsOptionsConfig } from 'node:util'
import { DEFAULT_THREATS } from './analyze-files.ts'
import type { AnalyzeInput } from './analyze-files.ts'
import type { LibraryFile } from './models/index.ts'

type Format = 'text' | 'json' | 'sarif' | 'github'

export interface CheckOptions {
  readonly input: AnalyzeInput
  readonly format: Format
  readonly baseline: string | undefined
  readonly writeBaseline: string | undefined
  readonly explain: { readonly file: string; readonly line: number } | undefined
  readonly stats: boolean
  readonly emit: boolean
}

/** What was asked cannot be done; the message says what was expected. */
export class UsageError extends Error {}

const FORMATS: readonly string[] = ['text', 'json', 'sarif', 'github']
const SOURCE_FILE = /\.[cm]?[jt]sx?$/
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', 'dist', 'build', 'coverage', '.git'])
/** A folder given by hand is walked no deeper. */
const MAX_FOLDER_DEPTH = 30

/** A command line, taken apart by `parseArgs` with `checkFlags`. */
export interface CheckRequest {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

export const checkFlags: ParseArgsOptionsConfig = {
  project: { type: 'string', short: 'p' },
  format: { type: 'string' },
  baseline: { type: 'string' },
  'write-baseline': { type: 'string' },
  'threat-model': { type: 'string' },
  explain: { type: 'string' },
  stats: { type: 'boolean' },
  library: { type: 'boolean' },
  strict: { type: 'boolean' },
  lenient: { type: 'boolean' },
  emit: { type: 'boolean' },
}

export function parseOptions({ values, positionals }: CheckRequest, cwd: string): CheckOptions {
  const text = (name: string): string | undefined =>
    typeof values[name] === 'string' ? values[name] : undefined
  const format = text('format') ?? 'text'
  if (!isFormat(format))
    throw new UsageError(`--format: expected one of ${FORMATS.join(', ')}, got "${format}"`)
  const project = text('project')
  if (project !== undefined && !existsSync(resolve(cwd, project)))
    throw new UsageError(`-p: no such file: ${project}`)
  const files = filesOf(positionals, project, cwd)
  const ballerina = text('threat-model') === 'ballerina'
  const input: AnalyzeInput = {
    cwd,
    files,
    project,
    models: projectModels(cwd),
    threats: threatsOf(text('threat-model')),
    passUnknown: values['lenient'] !== true,
    strictGlobals: ballerina,
    reportAt: ballerina ? 'argument' : 'sink',
    library: values['library'] === true,
    strict: values['strict'] === true,
  }
  return {
    input,
    format,
    baseline: text('baseline'),
    writeBaseline: text('write-baseline'),
    explain: placeOf(text('explain')),
    stats: values['stats'] === true,
    emit: values['emit'] === true,
  }
}

function isFormat(text: string): text is Format {
  return FORMATS.includes(text)
}

function filesOf(
  positionals: readonly string[],
  project: string | undefined,
  cwd: string,
): readonly string[] | undefined {
  if (positionals.length === 0)
    return project !== undefined || existsSync(join(cwd, 'tsconfig.json')) ? undefined : walk(cwd, 0)
  return positionals.flatMap((name) => {
    const path = resolve(cwd, name)
    if (!existsSync(path)) throw new UsageError(`no such file: ${name}`)
    return statSync(path).isDirectory() ? walk(path, 0) : [path]
  })
}

function walk(folder: string, depth: number): string[] {
  if (depth > MAX_FOLDER_DEPTH) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : walk(path, depth + 1)
    return SOURCE_FILE.test(entry.name) && !entry.name.endsWith('.d.ts') ? [path] : []
  })
}

const THREAT_MODELS: Readonly<Record<string, readonly string[]>> = {
  default: DEFAULT_THREATS,
  ballerina: [...DEFAULT_THREATS, 'file', 'environment', 'configuration', 'response', 'stdin'],
  all: [...DEFAULT_THREATS, 'file', 'environment', 'configuration', 'response', 'stdin', 'message', 'model'],
}

function threatsOf(name = 'default'): readonly string[] {
  const threats = THREAT_MODELS[name]
  if (threats === undefined)
    throw new UsageError(`--threat-model: expected ${Object.keys(THREAT_MODELS).join(', ')}, got "${name}"`)
  return threats
}

/** The project's own models, in `barre.taint.json` beside where the check runs: one file's content or a list. */
function projectModels(cwd: string): readonly LibraryFile[] {
  const file = join(cwd, 'barre.taint.json')
  if (!existsSync(file)) return []
  const parsed = JSON.parse(readFileSync(file, 'utf8'))
  return Array.isArray(parsed) ? parsed : [parsed]
}

function placeOf(text: string | undefined): { file: string; line: number } | undefined {
  if (text === undefined) return undefined
  const match = /^(.*):(\d+)$/.exec(text)
  if (match === null) throw new UsageError(`--explain: expected FILE:LINE, got "${text}"`)
  return { file: match[1] ?? '', line: Number(match[2]) }
}
