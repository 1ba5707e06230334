import { createNumbers } from './mutate.ts'
import type { Awaitable } from '../src/core/index.ts'

/** Something to change, and what must not come of it. */
export interface FuzzTarget<T extends string | Buffer> {
  readonly name: string
  readonly original: T
  /** Whether the changed input is accepted as what it must not be. Anything thrown is a crash. */
  accepts(changed: T): Awaitable<boolean>
}

/** What a run found: `accepted` and `crashes` must be empty, and `slowestMs` no surprise. */
export interface FuzzReport {
  readonly inputs: number
  readonly accepted: readonly string[]
  readonly crashes: readonly string[]
  /** CPU time of all threads, in milliseconds: what else the machine does is no input's fault. */
  readonly slowestMs: number
  readonly slowest: string
}

/** Changes something `count` times, as a seed decides. */
export type Fuzz = (count: number, seed: number) => Promise<FuzzReport>

/** What a build expects of `findingsOf`. */
export const nothing: Pick<FuzzReport, 'accepted' | 'crashes'> = { accepted: [], crashes: [] }

/** The most findings that a run collects before it ends. */
const findingsMax = 20

/** Changes the targets in turn; what a change left as it was is not an input. */
export async function runFuzz<T extends string | Buffer>(
  targets: readonly FuzzTarget<T>[],
  mutate: (original: T, numbers: (below: number) => number) => T,
  count: number,
  seed: number,
): Promise<FuzzReport> {
  const numbers = createNumbers(seed)
  const accepted: string[] = []
  const crashes: string[] = []
  const slowest = { ms: 0, text: '' }
  let inputs = 0
  for (let round = 0; inputs < count && accepted.length + crashes.length < findingsMax; round++) {
    const target = targets[round % targets.length]!
    const changed = mutate(target.original, numbers)
    if (isSame(changed, target.original)) continue
    inputs++
    const startedAt = process.cpuUsage()
    try {
      if (await target.accepts(changed)) accepted.push(describe(target, changed))
    } catch (error) {
      crashes.push(`${describe(target, changed)}: ${String(error)}`)
    }
    const { user, system } = process.cpuUsage(startedAt)
    const ms = (user + system) / 1000
    if (ms > slowest.ms) Object.assign(slowest, { ms, text: describe(target, changed) })
  }
  return { inputs, accepted, crashes, slowestMs: slowest.ms, slowest: slowest.text }
}

/** What a build asserts: the times differ from machine to machine. */
export function findingsOf({ accepted, crashes }: FuzzReport): Pick<FuzzReport, 'accepted' | 'crashes'> {
  return { accepted, crashes }
}

function isSame(one: string | Buffer, other: string | Buffer): boolean {
  return typeof one === 'string' || typeof other === 'string' ? one === other : one.equals(other)
}

function describe<T extends string | Buffer>({ name }: FuzzTarget<T>, changed: T): string {
  return `${name}: ${typeof changed === 'string' ? JSON.stringify(changed) : changed.toString('hex')}`
}
