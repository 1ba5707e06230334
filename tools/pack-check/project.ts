// Why: a package can only be trusted as its users get it: installed into an empty project, away from this
// workspace.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { workspaceRoot } from '../workspace.ts'
import type { Manifest } from './package.ts'

const run = promisify(execFile)

export function createProject(folder: string): void {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
}

/** Installs tarballs and libraries; nothing that is already in npm's cache is asked for again. */
export async function install(project: string, what: readonly string[]): Promise<void> {
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', ...flags, ...what], { cwd: project })
}

/** The names by which a package's topics are imported. */
export function topicsOf({ name, exports = {} }: Manifest): readonly string[] {
  return Object.keys(exports)
    .filter((key) => !key.endsWith('.json'))
    .map((key) => key.replace('.', name))
}

/** What the compiler says of a program by the types that the packages bring; nothing when it is content. */
export async function typeProblems(project: string, source: string): Promise<readonly string[]> {
  const flags = [
    '--noEmit',
    '--strict',
    '--target',
    'es2024',
    '--module',
    'nodenext',
    '--skipLibCheck',
    'false',
  ]
  const nodeTypes = ['--types', 'node', '--typeRoots', join(workspaceRoot, 'node_modules', '@types')]
  writeFileSync(join(project, 'typed.ts'), source)
  try {
    await run(join(workspaceRoot, 'node_modules', '.bin', 'tsc'), [...flags, ...nodeTypes, 'typed.ts'], {
      cwd: project,
    })
    return []
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string }
    return (stdout || String(error)).trim().split('\n')
  }
}

/** Why a topic cannot be imported in a project; `undefined` when it can. */
export async function importProblem(project: string, topic: string): Promise<string | undefined> {
  const program = `const names = Object.keys(await import('${topic}')); if (names.length === 0) throw 'exports nothing'`
  try {
    await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: project })
    return undefined
  } catch (error) {
    return `${topic}: ${reason((error as { stderr?: string }).stderr ?? String(error))}`
  }
}

function reason(stderr: string): string {
  return /^.*(?:Error\b|exports nothing).*$/m.exec(stderr)?.[0] ?? stderr
}

/** Whether a topic cannot be imported only because a library that its user brings is not there. */
export function lacksOnlyPeer(problem: string, { peerDependencies = {} }: Manifest): boolean {
  const [, library] = /Cannot find package '([^']+)'/.exec(problem) ?? []
  return library !== undefined && Object.hasOwn(peerDependencies, library)
}
