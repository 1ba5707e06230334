import { readProgram } from './frontend/index.ts'
import type { Problem } from './frontend/index.ts'
import { kindOf, loadModels } from './models/index.ts'
import type { LibraryFile } from './models/index.ts'
import type { Finding } from './solve/index.ts'
import { solve } from './solve/index.ts'

export interface AnalyzeInput {
  readonly cwd: string
  /** Files to check as they are; without them, the project's tsconfig decides. */
  readonly files?: readonly string[] | undefined
  readonly project?: string | undefined
  readonly models?: readonly LibraryFile[]
  /** Kinds of sources that count; the default leaves out files, the environment and configuration. */
  readonly threats?: readonly string[] | undefined
  /** An unknown function's result is as tainted as its arguments. Default: true. */
  readonly passUnknown?: boolean
  readonly reportAt?: 'sink' | 'argument'
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
}

export const DEFAULT_THREATS: readonly string[] = ['remote', 'command-line', 'database', 'annotation']

/** Checks files or a project: the whole analysis, from source text to findings. */
export function analyzeFiles(input: AnalyzeInput): AnalyzeResult {
  const program = readProgram({ cwd: input.cwd, files: input.files, project: input.project })
  const solution = solve({
    modules: program.modules,
    funcs: program.funcs,
    models: loadModels(input.models),
    reportAt: input.reportAt ?? 'sink',
    options: {
      passUnknown: input.passUnknown ?? true,
      strictGlobals: false,
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
  return { findings, problems: program.problems, stats }
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
    cwes: [kindOf(finding.kind).cwe],
    finding,
  }
}

/** Line and column, both counted from 1. */
export function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const newline = before.lastIndexOf('\n')
  return { line: before.split('\n').length, column: offset - newline }
}
