// Why: a test file is a process of its own, and most of its time is start and waiting: what was compiled is kept from
// one to the next, and at least two run side by side, on a machine with two cores too.
//   npm test [FILES]   default: everything
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const folders = ['packages', 'conformance', 'tools', 'examples', 'scenarios']
const files = process.argv.slice(2)
const options = [
  '--conditions=@barre/source',
  '--test',
  '--test-reporter=spec',
  `--test-concurrency=${Math.max(2, availableParallelism() - 1)}`,
]
const { status } = spawnSync(
  process.execPath,
  [...options, ...(files.length > 0 ? files : folders.map((folder) => `${folder}/**/*.test.ts`))],
  {
    cwd: join(import.meta.dirname, '..'),
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '../node_modules/.cache/compile'), ...process.env },
    stdio: 'inherit',
  },
)
process.exitCode = status ?? 1
