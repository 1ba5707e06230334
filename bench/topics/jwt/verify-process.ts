// One contender in a process of its own: sends the microseconds of CPU time, on all its
// threads, that one token takes.
import { readFileSync } from 'node:fs'
import { assertRefuses } from './assert-refuses.ts'
import { libraryNamed } from './libraries/index.ts'
import type { Verify } from './libraries/library.ts'
import type { Issued } from './tokens.ts'

const warmUpMs = 400
const measureMs = 800

const [name, mode, file = ''] = process.argv.slice(2)
const library = libraryNamed(name)
const issued = JSON.parse(readFileSync(file, 'utf8')) as Issued
const { tokens } = issued

const makeCached = library.toCachedVerify
const make = async (): Promise<Verify> => {
  if (mode === 'new') return library.toVerify(issued)
  if (makeCached === undefined) throw new TypeError(`${library.name} remembers no tokens`)
  return makeCached(issued, tokens.length * 2)
}
const verify = await make()
if (library.isLimit !== true) await assertRefuses(verify, issued)
await pass(verify)
// Where tokens must be new, so must the verifier be: each pass has its own.
const next = mode === 'new' ? make : () => verify
await measureFor(warmUpMs)
const passesUs = (await measureFor(measureMs)).toSorted((one, other) => one - other)
// The quick quarter: slower passes tell of other programs on the machine.
process.send?.((passesUs[Math.floor(passesUs.length / 4)] ?? NaN) / tokens.length)
process.disconnect?.()

async function measureFor(durationMs: number): Promise<readonly number[]> {
  const passes: number[] = []
  for (let spentUs = 0; spentUs < durationMs * 1000; spentUs += passes.at(-1) ?? 0) {
    const fresh = await next()
    const start = process.cpuUsage()
    await pass(fresh)
    const { user, system } = process.cpuUsage(start)
    passes.push(user + system)
  }
  return passes
}

async function pass(check: Verify): Promise<void> {
  for (let index = 0; index < tokens.length; index++) {
    const outcome = check(tokens[index] ?? '', index)
    if (!(typeof outcome === 'boolean' ? outcome : await outcome))
      throw new Error(`${name} refused a good token`)
  }
}
