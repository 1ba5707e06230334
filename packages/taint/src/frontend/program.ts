import { existsSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import type { Project, Snapshot } from 'typescript/unstable/sync'
import { API } from 'typescript/unstable/sync'
import type { Node } from 'typescript/unstable/ast'
import type { Func, Module, ModuleRef } from '../graph/index.ts'
import type { KnownTypes } from './library-types.ts'
import { answerQuestions, packagesOf } from './library-types.ts'
import type { LoweredModule } from './lower-module.ts'
import { lowerModule } from './lower-module.ts'
import { answerUses, markedMembers } from './member-marks.ts'

/** A file the parser would need minutes for is not source anybody wrote: it is named and left out. */
const MAX_FILE_BYTES = 4 * 1024 * 1024

export interface ProgramInput {
  readonly cwd: string
  readonly project?: string | undefined
  readonly files?: readonly string[] | undefined
  /** Types of libraries that mean something to whoever asks. */
  readonly known: KnownTypes
}

export interface Problem {
  readonly file: string
  readonly line: number
  readonly message: string
}

export interface Program {
  readonly modules: readonly Module[]
  readonly funcs: readonly Func[]
  readonly problems: readonly Problem[]
  /** Imports of packages that are not installed. */
  readonly absent: readonly Absent[]
}

/** An import that leads nowhere. */
export interface Absent {
  readonly file: string
  readonly line: number
  readonly specifier: string
}

const OPTIONS = {
  allowJs: true,
  checkJs: false,
  noLib: true,
  types: [],
  module: 'esnext',
  moduleResolution: 'bundler',
  target: 'esnext',
  jsx: 'preserve',
  noEmit: true,
  experimentalDecorators: true,
  resolveJsonModule: false,
}

/** Reads a project with the compiler and lowers every module of it that is not a library. */
export function readProgram(input: ProgramInput): Program {
  const virtual = input.files === undefined ? undefined : join(input.cwd, '__barre.tsconfig.json')
  const text =
    virtual === undefined
      ? ''
      : JSON.stringify({
          compilerOptions: OPTIONS,
          files: input.files?.map((file) => resolve(input.cwd, file)),
        })
  const large = new Set<string>()
  const api = new API({
    cwd: input.cwd,
    fs: {
      fileExists: (file) => (file === virtual ? true : undefined),
      readFile: (file) => (file === virtual ? text : readUnlessLarge(file, large)),
    },
  })
  try {
    const config = virtual ?? resolve(input.cwd, input.project ?? 'tsconfig.json')
    const snapshot = api.updateSnapshot({ openProjects: [config] })
    return lowerProject(projectOf(snapshot, config), large, input.known)
  } finally {
    api.close()
  }
}

function projectOf(snapshot: Snapshot, config: string): Project {
  const project = snapshot.getProject(config) ?? snapshot.getProjects()[0]
  if (project === undefined)
    throw new Error(`could not open ${config}: expected a tsconfig.json; give one with -p, or name files`)
  return project
}

/** `undefined` lets the compiler read the file itself; `''` keeps it in the program with nothing in it. */
function readUnlessLarge(file: string, large: Set<string>): string | undefined {
  if (!/\.[cm]?[jt]sx?$/.test(file) || !existsSync(file) || statSync(file).size <= MAX_FILE_BYTES)
    return undefined
  large.add(file)
  return ''
}

function lowerProject(project: Project, large: ReadonlySet<string>, known: KnownTypes): Program {
  const problems: Problem[] = [...large].map((file) => ({
    file,
    line: 1,
    message: `not checked: larger than ${MAX_FILE_BYTES / 1024 / 1024} MB; exclude generated files in tsconfig.json`,
  }))
  for (const diagnostic of project.program.getConfigFileParsingDiagnostics()) {
    problems.push({ file: diagnostic.fileName ?? project.configFileName, line: 1, message: diagnostic.text })
  }
  const names = project.program.getSourceFileNames()
  const sources = names
    .filter((name) => !name.endsWith('.d.ts') && !name.endsWith('.json') && !name.includes('/node_modules/'))
    .map((name) => project.program.getSourceFile(name))
    .filter((source) => source !== undefined)
  const marked = markedMembers(sources)
  const asked = { ofLibraries: known.membersOf(packagesOf(names)), marked: marked.names }
  const lowered = sources.map((source) => lowerModule(source, asked))
  for (const diagnostic of project.program.getSyntacticDiagnostics()) {
    problems.push({
      file: diagnostic.fileName ?? '',
      line: lineOf(lowered, diagnostic.fileName, diagnostic.pos),
      message: `syntax error: ${diagnostic.text}`,
    })
  }
  const absent = resolveModules(project, lowered)
  answerQuestions(
    project.checker,
    lowered.flatMap(({ questions }) => questions),
    known,
  )
  answerUses(
    project,
    lowered.flatMap(({ uses }) => uses),
    marked,
  )
  for (const one of absent.filter(isRelative)) {
    const message = `cannot find '${one.specifier}': what it exports is taken as unknown`
    problems.push({ file: one.file, line: one.line, message })
  }
  return {
    modules: lowered.map((one) => one.module),
    funcs: lowered.flatMap((one) => [...one.funcs]),
    problems,
    absent: absent.filter((one) => !isRelative(one)),
  }
}

function isRelative({ specifier }: Absent): boolean {
  return specifier.startsWith('.')
}

function lineOf(lowered: readonly LoweredModule[], file: string | undefined, pos: number): number {
  const module = lowered.find((one) => one.module.file === file)?.module
  return module === undefined ? 1 : module.text.slice(0, pos).split('\n').length
}

const EXTENSIONS = ['', '.ts', '.tsx', '.js', '.jsx', '.mjs', '.cjs', '.mts', '/index.ts', '/index.js']

/** Relative specifiers are found here; all others the compiler resolves, in one batch. Gives what leads nowhere. */
function resolveModules(project: Project, lowered: readonly LoweredModule[]): Absent[] {
  const byFile = new Map(lowered.map((one) => [one.module.file, one.module]))
  const asked: { node: Node; ref: ModuleRef; from: Module }[] = []
  for (const one of lowered) {
    for (const { ref, node } of one.specifiers) {
      if (ref.specifier.startsWith('.')) ref.module = relative(one.module.file, ref.specifier, byFile)
      if (ref.module === undefined && !ref.specifier.startsWith('node:'))
        asked.push({ node, ref, from: one.module })
    }
  }
  if (asked.length === 0) return []
  const symbols = project.checker.getSymbolAtLocation(asked.map((one) => one.node))
  symbols.forEach((symbol, index) => {
    const path = symbol?.valueDeclaration?.path ?? symbol?.declarations[0]?.path
    const one = asked[index]
    if (one !== undefined && path !== undefined) one.ref.module = byFile.get(path)
  })
  return asked.flatMap(({ node, ref, from }, index) => {
    const isThere = symbols[index] !== undefined || isOnDisk(from.file, ref.specifier)
    if (isThere) return []
    const line = from.text.slice(0, node.end).split('\n').length
    return [{ file: from.file, line, specifier: ref.specifier }]
  })
}

/** Files that are no program (styles, data), built-in modules, and packages without types. */
function isOnDisk(from: string, specifier: string): boolean {
  if (isBuiltin(specifier)) return true
  if (specifier.startsWith('.')) {
    const base = resolve(dirname(from), specifier)
    return [...EXTENSIONS, '.json', '.node', '.d.ts', '.vue', '.svelte'].some((end) => existsSync(base + end))
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  for (let at = dirname(from); ; at = dirname(at)) {
    if (existsSync(join(at, 'node_modules', name))) return true
    if (at === dirname(at)) return false
  }
}

function relative(from: string, specifier: string, byFile: ReadonlyMap<string, Module>): Module | undefined {
  const base = resolve(dirname(from), specifier)
  const stems = [base, base.replace(/\.([cm]?)js(x?)$/, '')]
  for (const stem of stems) {
    for (const extension of EXTENSIONS) {
      const found = byFile.get(stem + extension)
      if (found !== undefined) return found
    }
  }
  return undefined
}
