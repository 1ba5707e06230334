import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { analyzeFiles } from './analyze-files.ts'
import type { AnalyzeResult } from './analyze-files.ts'
import { emitSignatures } from './emit.ts'
import { EMITTED, ModelError } from './models/index.ts'
import type { CheckOptions, CheckRequest } from './options.ts'
import { UsageError, parseOptions } from './options.ts'
import type { Filtered, Item } from './report/index.ts'
import { headline, parseBaseline, suppress, toGithub, toItems, toSarif, toText } from './report/index.ts'

/** What a run says and how it ends: 0 clean, 1 findings, 2 could not run. */
export interface CheckResult {
  readonly exitCode: 0 | 1 | 2
  readonly output: string
  readonly errors: string
}

/** Runs `barre check` as a command line asks; prints nothing itself. */
export function check(request: CheckRequest, cwd: string): CheckResult {
  try {
    return run(parseOptions(request, cwd), cwd)
  } catch (error) {
    if (error instanceof UsageError) return { exitCode: 2, output: '', errors: `${error.message}\n` }
    if (error instanceof ModelError || error instanceof SyntaxError || error instanceof TypeError)
      return { exitCode: 2, output: '', errors: `${error.message}\n` }
    throw error
  }
}

function run(options: CheckOptions, cwd: string): CheckResult {
  const result = analyzeFiles(options.input)
  const shown = (file: string): string => relative(cwd, file).split(sep).join('/')
  const filtered = suppress(
    toItems(
      result.findings.map((one) => one.finding),
      cwd,
    ),
    result.modules,
    shown,
  )
  const accepted =
    options.baseline === undefined
      ? new Set<string>()
      : parseBaseline(readFileSync(resolve(cwd, options.baseline), 'utf8'))
  const items = filtered.items.filter((item) => !accepted.has(item.id))
  if (options.writeBaseline !== undefined) {
    writeFileSync(
      resolve(cwd, options.writeBaseline),
      `${JSON.stringify(
        filtered.items.map((item) => item.id),
        undefined,
        2,
      )}\n`,
    )
    return {
      exitCode: 0,
      output: '',
      errors: `wrote ${filtered.items.length} ids to ${options.writeBaseline}\n`,
    }
  }
  if (options.emit) writeFileSync(join(cwd, EMITTED), emitSignatures(result, packageName(cwd)))
  const errors = [
    ...problems(result, shown),
    ...unusedSuppressions(filtered),
    ...(options.stats ? statistics(result, filtered) : []),
  ]
  const output =
    options.explain === undefined ? render(options, items, result) : explain(options.explain, filtered, items)
  return {
    exitCode: items.length > 0 ? 1 : 0,
    output: output === '' ? '' : `${output}\n`,
    errors: errors.map((line) => `${line}\n`).join(''),
  }
}

function render(options: CheckOptions, items: readonly Item[], result: AnalyzeResult): string {
  switch (options.format) {
    case 'json':
      return JSON.stringify({ findings: items, stats: result.stats }, undefined, 2)
    case 'sarif':
      return JSON.stringify(toSarif(items, version()), undefined, 2)
    case 'github':
      return toGithub(items)
    case 'text':
    default:
      return toText(items)
  }
}

function version(): string {
  const parsed: { version: string } = JSON.parse(
    readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'),
  )
  return parsed.version
}

function packageName(cwd: string): string {
  const file = join(cwd, 'package.json')
  const parsed: { name?: string } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  return parsed.name ?? 'project'
}

function problems(result: AnalyzeResult, shown: (file: string) => string): string[] {
  return result.problems.map((one) => `${shown(one.file)}(${one.line},1): warning BARRE000: ${one.message}`)
}

function unusedSuppressions(filtered: Filtered): string[] {
  return filtered.unused.map(({ file, line }) => {
    return `${file}(${line},1): warning BARRE001: this barre-ignore suppresses nothing; remove it`
  })
}

function statistics(result: AnalyzeResult, filtered: Filtered): string[] {
  const rows = { ...result.stats, suppressed: filtered.suppressed.length }
  return Object.entries(rows).map(([name, value]) => `${name.padEnd(28)} ${value}`)
}

function explain(
  place: { readonly file: string; readonly line: number },
  filtered: Filtered,
  items: readonly Item[],
): string {
  const isThere = (item: Item): boolean =>
    item.file === place.file && place.line >= item.line && place.line <= item.endLine
  const found = items.filter(isThere)
  if (found.length > 0) return toText(found)
  const excused = filtered.suppressed.filter(({ item }) => isThere(item))
  if (excused.length > 0)
    return excused.map(({ item, reason }) => `${headline(item)}\n  suppressed: ${reason}`).join('\n')
  const accepted = filtered.items.filter(isThere)
  if (accepted.length > 0)
    return accepted.map((item) => `${headline(item)}\n  accepted by the baseline (${item.id})`).join('\n')
  return `${place.file}:${place.line}: nothing tainted reaches a sensitive parameter here, as far as is known`
}
