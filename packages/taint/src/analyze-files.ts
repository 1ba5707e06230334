import { readProgram } from './frontend/index.ts'
import type { Absent, KnownTypes, Problem } from './frontend/index.ts'
import { exportedFunctions } from './entries.ts'
import type { Func, Module } from './graph/index.ts'
import { addEmitted, kindOf, loadModels } from './models/index.ts'
import type { LibraryFile, Models } from './models/index.ts'
import type { Finding } from './solve/index.ts'
import { solve } from './solve/index.ts'
import type { Summary } from './summary/index.ts'

export interface AnalyzeInput {
  readonly cwd: string
  /** Files to check as they are; without them, the project's tsconfig decides. */
  readonly files?: readonly string[] | undefined
  readonly project?: string | undefined
  readonly models?: readonly LibraryFile[] | undefined
  /** Kinds of sources that count; the default leaves out files, the environment and configuration. */
  readonly threats?: readonly string[] | undefined
  /** An unknown function's result is as tainted as its arguments. Default: true. */
  readonly passUnknown?: boolean | undefined
  readonly reportAt?: 'sink' | 'argument' | undefined
  /** Module-level variables take nothing tainted. */
  readonly strictGlobals?: boolean | undefined
  /** Every `untaint` gives its reason in a comment. */
  readonly strict?: boolean | undefined
  /** Parameters of exported functions are sources: for packages. */
  readonly library?: boolean | undefined
}

export interface Report {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
  readonly cwes: readonly string[]
  readonly finding: Finding
}

export interface AnalyzeResult {
  readonly findings: readonly Report[]
  readonly problems: readonly Problem[]
  readonly stats: Readonly<Record<string, number>>
  readonly modules: readonly Module[]
  summaryOf(func: Func): Summary
}

export const DEFAULT_THREATS: readonly string[] = [
  'remote',
  'command-line',
  'database',
  'annotation',
  'library',
]

/** Checks files or a project: the whole analysis, from source text to findings. */
export function analyzeFiles(input: AnalyzeInput): AnalyzeResult {
  const models = loadModels(input.models)
  const program = readProgram({
    cwd: input.cwd,
    files: input.files,
    project: input.project,
    known: knownTypes(models),
  })
  addEmitted(
    models,
    input.cwd,
    program.modules.flatMap((module) => module.imports.map((one) => one.specifier)),
  )
  const solution = solve({
    modules: program.modules,
    funcs: program.funcs,
    models,
    reportAt: input.reportAt ?? 'sink',
    options: {
      passUnknown: input.passUnknown ?? true,
      strictGlobals: input.strictGlobals ?? false,
      reasons: input.strict ?? false,
      entries: input.library === true ? exportedFunctions(program.modules) : new Set(),
      threats: new Set(input.threats ?? DEFAULT_THREATS),
    },
  })
  const findings = solution.findings.map(locate)
  const stats = {
    modules: program.modules.length,
    functions: program.funcs.length,
    walks: solution.walks,
    rounds: solution.rounds,
    ...Object.fromEntries(solution.limits),
  }
  return {
    findings,
    problems: [...program.problems, ...absentPackages(program.absent, models)],
    stats,
    modules: program.modules,
    summaryOf: (func) => solution.summaryOf(func),
  }
}

function knownTypes(models: Models): KnownTypes {
  return {
    membersOf: (packages) => models.typeMembers(packages),
    has: (type) => models.type(type.package, [type.name]) !== undefined,
  }
}

/** One message per package that is neither installed nor modelled. */
function absentPackages(absent: readonly Absent[], models: Models): Problem[] {
  const seen = new Set<string>()
  return absent.flatMap(({ file, line, specifier }) => {
    if (seen.has(specifier) || models.package(specifier) !== undefined) return []
    seen.add(specifier)
    const message = `cannot find package '${specifier}', and no model speaks of it: its functions are taken as unknown`
    return [{ file, line, message }]
  })
}

function locate(finding: Finding): Report {
  const { module, span } = finding
  const start = position(module.text, span.start)
  const end = position(module.text, span.end)
  return {
    file: module.file,
    ...start,
    endLine: end.line,
    endColumn: end.column,
    cwes: [kindOf(finding.kind).cwe, ...kindOf(finding.kind).others],
    finding,
  }
}

/** Line and column, both counted from 1. */
function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const newline = before.lastIndexOf('\n')
  return { line: before.split('\n').length, column: offset - newline }
}
