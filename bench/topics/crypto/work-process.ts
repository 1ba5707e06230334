// One contender of one work in a process of its own: sends the microseconds of CPU time, on all its
// threads, that one operation takes.
import { works } from './works/index.ts'

const warmUpMs = 300
const measureMs = 600
const batchMs = 10

const [title, name = ''] = process.argv.slice(2)
const work = works.find((candidate) => candidate.title === title)
const setUp = work?.contenders[name]
if (work === undefined || setUp === undefined) throw new TypeError(`no work is named ${title}, ${name}`)
const operation = await setUp()
if (!(await work.isRight(await operation()))) throw new Error(`${name}: ${title} went wrong`)
const size = Math.max(1, Math.round((batchMs * 1000) / (await spend(warmUpMs, 1)).at(-1)!))
// The quick quarter: slower batches tell of other programs on the machine.
const batchesUs = (await spend(measureMs, size)).toSorted((one, other) => one - other)
process.send?.(batchesUs[Math.floor(batchesUs.length / 4)])
process.disconnect?.()

/** The microseconds of an operation, batch by batch, until so much CPU time is spent. */
async function spend(durationMs: number, operations: number): Promise<readonly number[]> {
  const each: number[] = []
  for (let spentUs = 0; spentUs < durationMs * 1000;) {
    const start = process.cpuUsage()
    for (let index = 0; index < operations; index++) {
      const answer = operation()
      if (answer instanceof Promise) await answer
    }
    const { user, system } = process.cpuUsage(start)
    spentUs += user + system
    each.push(Math.max(1, user + system) / operations)
  }
  return each
}
