// Why: a client library of another language reads the RFCs with other eyes; Authlib is the one of Python.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { workspaceRoot } from '../workspace.ts'

const packages = ['Authlib==1.6.5', 'requests==2.32.5']
const cache = join(workspaceRoot, '.cache', 'authlib')

/** The Python that has Authlib. */
export const authlibPython: string = join(cache, 'bin', 'python')

/** Makes a virtual environment of its own, from PyPI; needs `python3` with `venv`. */
export function installAuthlib(): void {
  if (existsSync(authlibPython)) return
  const unfinished = `${cache}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(join(cache, '..'), { recursive: true })
  run('python3', ['-m', 'venv', unfinished])
  run(join(unfinished, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...packages])
  renameSync(unfinished, cache)
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
}

if (import.meta.main) installAuthlib()
