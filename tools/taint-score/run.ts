/** Runs the analyzer over one folder of a corpus, with stand-ins for the corpus's own sources and sinks. */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { analyzeFiles } from '@barre/taint'
import type { AnalyzeResult, LibraryFile } from '@barre/taint'
import type { LabelLine } from './corpus.ts'
import { standIns } from './stand-ins.ts'

export interface Found {
  readonly file: string
  readonly line: number
  readonly endLine: number
  readonly cwes: readonly string[]
}

/** Queries about packages: what other programs pass to them is not to be trusted. */
const LIBRARY_QUERIES: ReadonlySet<string> = new Set([
  'js/shell-command-constructed-from-input',
  'js/unsafe-code-construction',
])

const SOURCE_FILE = /\.(?:[cm]?[jt]sx?)$/

export function runFolder(corpus: string, folder: string, lines: readonly LabelLine[]): Found[] {
  const root = mkdtempSync(join(tmpdir(), 'taint-score-'))
  try {
    cpSync(join(corpus, folder), root, { recursive: true })
    const files = walk(root).filter((file) => SOURCE_FILE.test(file) && !file.endsWith('.d.ts'))
    const isLanguage = lines[0]?.cwe === 'lang'
    const models = isLanguage ? files.flatMap((file) => rewrite(file)) : []
    const result = analyzeFiles({
      cwd: root,
      files,
      models: isLanguage ? [...standIns(), ...models] : [],
      threats: isLanguage ? ['test'] : undefined,
      passUnknown: !isLanguage,
      library: lines.some((line) => LIBRARY_QUERIES.has(line.query ?? '')),
    })
    const atConstruction = lines.some((line) => line.query === 'js/shell-command-constructed-from-input')
    return result.findings
      .map((report) => (atConstruction ? whereConstructed(report) : report))
      .map(({ file, line, endLine, cwes }) => ({
        file: join(folder, relative(root, file)),
        line,
        endLine,
        cwes,
      }))
  } finally {
    rmSync(root, { recursive: true })
  }
}

/** That query reports a command where it is put together, not where it is run. */
function whereConstructed(report: AnalyzeResult['findings'][number]): Omit<Found, 'file'> & { file: string } {
  const step = report.finding.path.findLast(({ why }) => /^(?:concatenated|push\(\))$/.test(why))
  if (step === undefined) return report
  const { module, span } = step
  const lineAt = (offset: number): number => module.text.slice(0, offset).split('\n').length
  return { ...report, file: module.file, line: lineAt(span.start), endLine: lineAt(span.end) }
}

function walk(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? walk(path) : [path]
  })
}

/** Literal sources become calls; functions made from a flow description become a package with that model. */
function rewrite(file: string): LibraryFile[] {
  const models: LibraryFile[] = []
  const text = readFileSync(file, 'utf8')
  const literal =
    /source\(\)/.test(text) && !/"source"/.test(text)
      ? text
      : text.replaceAll(/(["'])(?:source)\1(?!\s*:)/g, 'literalSource()')
  const unshadowed = literal.replaceAll(/function (source|sink|sanitizer_id)(?=\()/g, 'function unused_$1')
  const rewritten = unshadowed.replaceAll(/mkSummary\(((?:[^()]|\n)*)\)/g, (_all, inside: string) => {
    const name = `summary-${file.length}-${models.length}`
    models.push({ package: name, entries: { make: { flows: flowsOf(inside) } } })
    return `require('${name}').make${'\n'.repeat(inside.split('\n').length - 1)}`
  })
  if (rewritten !== text) writeFileSync(file, rewritten)
  return models
}

function flowsOf(inside: string): string[] {
  const strings = [...inside.matchAll(/"([^"]*)"/g)].map((match) => translate(match[1] ?? ''))
  const flows: string[] = []
  for (let index = 0; index + 1 < strings.length; index += 2)
    flows.push(`${strings[index]} -> ${strings[index + 1]}`)
  return flows
}

/** The corpus's words for places of a call, in ours. */
function translate(path: string): string {
  return path
    .replaceAll(/Argument\[(\d+)\.\.\]/g, 'arg($1..)')
    .replaceAll(/Argument\[(\d+)\]/g, 'arg($1)')
    .replaceAll(/Parameter\[(\d+)\.\.\]/g, 'param($1..)')
    .replaceAll(/Parameter\[(\d+)\]/g, 'param($1)')
    .replaceAll(/Member\[(\w+)\]/g, '$1')
    .replaceAll('ArrayElement', 'element')
    .replaceAll('Awaited', 'await')
    .replaceAll('ReturnValue', 'return')
}
