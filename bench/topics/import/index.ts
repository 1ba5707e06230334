import { generateKeyPairSync } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from '../../../tools/pack-check/package.ts'
import { createProject, install } from '../../../tools/pack-check/project.ts'
import { programs } from './programs.ts'
import { costMs, countModules } from './run-program.ts'
import type { Measured, Table, Topic } from '../../runner/topic.ts'
import type { Program } from './programs.ts'

const bench = join(import.meta.dirname, '../..')
const workspace = join(bench, '..')
const costMaxMs = 40
const modulesMax = 40

/** What the libraries add to a process's start; barre is built, packed and installed as its users get it. */
export const importCost: Topic = {
  async prepare() {
    const project = mkdtempSync(join(tmpdir(), 'barre-bench-'))
    await installPacked(project)
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = publicKey.export({ type: 'spki', format: 'pem' })
    const folderOf = ({ isPacked = false }: Program): string => (isPacked ? project : bench)
    return {
      tables: [costs(folderOf, key), modules(folderOf, key)],
      close: async () => rmSync(project, { recursive: true }),
    }
  },
}

async function installPacked(project: string): Promise<void> {
  execFileSync('npm', ['run', 'build'], { cwd: workspace })
  const { tarball } = await pack(join(workspace, 'packages/barre'), project)
  createProject(project)
  await install(project, [tarball])
}

type FolderOf = (program: Program) => string

function costs(folderOf: FolderOf, key: string): Table {
  return {
    title: 'import and one JWT entry: time over an empty process',
    unit: 'ms',
    rows: programs.map((program) => ({
      name: program.name,
      measure: () => costMs(program.source, folderOf(program), key),
      ...(program.isPacked === true && { target: atMost(costMaxMs, 'ms') }),
    })),
  }
}

function modules(folderOf: FolderOf, key: string): Table {
  const count = (program: Program, part: string) => () =>
    countModules(program.source, folderOf(program), key, part)
  return {
    title: 'import and one JWT entry: files loaded',
    unit: 'files',
    rounds: 1,
    rows: programs.flatMap((program) => [
      ...(program.isPacked === true
        ? [
            {
              name: `${program.name}, its own`,
              measure: count(program, '/node_modules/barre/'),
              target: atMost(modulesMax, 'files'),
            },
          ]
        : []),
      { name: `${program.name}, all`, measure: count(program, '') },
    ]),
  }
}

function atMost(most: number, unit: string) {
  return { text: `<= ${most} ${unit}`, holds: ({ figure }: Measured) => figure <= most }
}
