import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const runs = 8

/** Runs a program in a fresh process with the folder's packages, and answers with what it prints. */
async function runProgram(source: string, folder: string, key: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source, '--', key], {
    cwd: folder,
  })
  return stdout
}

/** By how many milliseconds a program outlasts an empty one; both are run in turn. */
export async function costMs(source: string, folder: string, key: string): Promise<number> {
  const own: number[] = []
  const empty: number[] = []
  for (let round = 0; round < runs; round++) {
    empty.push(await timeMs('', folder, key))
    own.push(await timeMs(source, folder, key))
  }
  return quick(own) - quick(empty)
}

/** The files that a program loads whose address holds `part`. */
export async function countModules(
  source: string,
  folder: string,
  key: string,
  part: string,
): Promise<number> {
  const counted = `import { registerHooks } from 'node:module'
    const seen = new Set()
    registerHooks({ load(url, context, next) { seen.add(url); return next(url, context) } })
    ${source}
    console.log([...seen].filter((url) => url.startsWith('file:') && url.includes('${part}')).length)
    process.exit()`
  return Number(await runProgram(counted, folder, key))
}

async function timeMs(source: string, folder: string, key: string): Promise<number> {
  const start = performance.now()
  await runProgram(`${source}\nprocess.exit()`, folder, key)
  return performance.now() - start
}

/** The quick quarter: slower runs tell of other programs on the machine. */
function quick(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 4)] ?? NaN
}
