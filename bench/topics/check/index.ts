import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Row, Table, Topic } from '../../runner/topic.ts'
import { writeProject } from './project.ts'

const workspace = join(import.meta.dirname, '../../..')
const compiler = join(workspace, 'node_modules/.bin/tsc')
const barre = join(workspace, 'packages/cli/bin/barre.js')
const ratioMax = 2

/** What `barre check` takes beside the compiler that reads the same files, on Barre and on generated projects. */
export const check: Topic = {
  async prepare() {
    const folder = mkdtempSync(join(tmpdir(), 'barre-bench-'))
    const sizes = [10_000, 100_000]
    const projects = sizes.map((lines) => ({
      name: `${lines / 1000}k lines`,
      cwd: join(folder, String(lines)),
    }))
    for (const [index, { cwd }] of projects.entries()) writeProject(cwd, sizes[index] ?? 0)
    const own = { name: 'Barre itself', cwd: workspace, config: 'tsconfig.taint.json' }
    return {
      tables: [own, ...projects].map((project) => table(project)),
      close: async () => rmSync(folder, { recursive: true }),
    }
  },
}

interface Project {
  readonly name: string
  readonly cwd: string
  readonly config?: string
}

function table({ name, cwd, config = 'tsconfig.json' }: Project): Table {
  const compile: Row = {
    name: 'tsc --noEmit',
    measure: async () => cpuMs(cwd, [compiler, '--noEmit', '-p', config]),
  }
  const analyze: Row = {
    name: 'barre check',
    measure: async () => cpuMs(cwd, [process.execPath, barre, 'check', '-p', config]),
    limit: (figureOf) => figureOf(compile.name),
    target: { text: `<= ${ratioMax}`, holds: ({ ratio }) => (ratio?.median ?? Infinity) <= ratioMax },
  }
  return { title: `check: ${name}`, unit: 'ms', rows: [compile, analyze] }
}

/** CPU time of a command and all it starts; a command that finds faults counts as well. */
function cpuMs(cwd: string, command: readonly string[]): number {
  const script = 'TIMEFORMAT="%U %S"; { time "$@" > /dev/null 2>&1; } 2>&1; exit 0'
  const seconds = execFileSync('bash', ['-c', script, 'bash', ...command], { cwd, encoding: 'utf8' })
  return seconds
    .trim()
    .split(' ')
    .reduce((sum, part) => sum + Number(part) * 1000, 0)
}
