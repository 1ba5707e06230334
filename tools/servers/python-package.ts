// Why: suites by clients in Python each need a package of PyPI, in an environment of its own.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './server.ts'

/** A Python that has one package of PyPI. */
export interface PythonPackage {
  readonly python: string
  /** Makes a virtual environment once; needs `python3` with its `venv` (Debian: python3-venv). */
  install(): void
}

export function pythonPackage(name: string, version: string): PythonPackage {
  const folder = cacheFolder(`python-${name}-${version}`)
  const python = join(folder, 'bin', 'python')
  return {
    python,
    install() {
      if (existsSync(join(folder, 'installed'))) return
      run('python3', '-m', 'venv', folder)
      run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`)
      run('touch', join(folder, 'installed'))
    },
  }
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
}
