// Why: a client in another language, with a WebSocket and a TLS of its own, is no reader of our code.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './server.ts'

const release = 'websockets==17.4'
const folder = cacheFolder('python-websockets-17.4')

/** The Python that has `websockets` of PyPI. */
export const pythonWithWebSockets = join(folder, 'bin', 'python')

/** Makes a virtual environment once; needs `python3` with its `venv` (Debian: python3-venv). */
function install(): void {
  if (existsSync(join(folder, 'installed'))) return
  run('python3', '-m', 'venv', folder)
  run(pythonWithWebSockets, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', release)
  run('touch', join(folder, 'installed'))
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
}

if (import.meta.main) install()
