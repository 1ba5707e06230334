import type { Func } from '../graph/index.ts'
import type { Call, Frame, LateResult, Obj, Outcome, Room, Summary, World } from '../summary/index.ts'
import { EMPTY, LIMITS, applyLate, countLimit, joinCalls, lateKey, sameValue } from '../summary/index.ts'
import type { GlobalHeap } from './globals.ts'
import { isOutdated } from './globals.ts'

/** Who makes late calls: another late call, or the body of a module. */
interface User {
  /** The late calls its last run made. */
  uses: Set<Entry>
  /** One of them has another outcome by now. */
  isStale: boolean
}

/** One call that may come at any time once module-level code is done, however many places lead to it. */
interface Entry extends User {
  call: Call
  readonly closure: Obj | undefined
  readonly room: Room
  readonly nesting: number
  /** Nobody asks for it any more when there are none. */
  readonly users: Set<User>
  summary: Summary
  outcome: Outcome
  reads: Summary['reads']
  /** When it ran last. */
  clock: number
  isCut: boolean
  isRunning: boolean
}

/**
 * Late calls by what they are given: each is worked out once, and again only when something it read,
 * called or was given has grown.
 */
export class LateCalls {
  readonly #entries = new Map<string, Entry>()
  readonly #running: User[] = []
  readonly #globals: GlobalHeap
  readonly #world: () => World
  readonly #nestingOf: (call: number) => number
  /** The bodies of modules, each with the walk that made its calls. */
  readonly #modules = new Map<Func, User & { readonly frame: Frame }>()

  constructor(globals: GlobalHeap, world: () => World, nestingOf: (call: number) => number) {
    this.#globals = globals
    this.#world = world
    this.#nestingOf = nestingOf
  }

  call(frame: Frame, func: Func, call: Call, closure: Obj | undefined): Outcome {
    const key = lateKey(func, call, closure)
    const user = this.#running.at(-1) ?? this.#moduleOf(frame)
    const entry = this.#find(key, call) ?? this.#enter(key, frame, func, call, closure)
    entry.users.add(user)
    user.uses.add(entry)
    if (entry.isCut) frame.isCut = true
    return entry.outcome
  }

  /** The entry of this key, unless a limit cut it short that does not stand in the way here. */
  #find(key: string, call: Call): Entry | undefined {
    const known = this.#entries.get(key)
    if (known === undefined) return undefined
    if (known.isCut && !known.isRunning && this.#nestingOf(call.id) < known.nesting) return undefined
    const joined = joinCalls(known.call, call)
    known.isStale ||= joined !== known.call
    known.call = joined
    return known
  }

  #enter(key: string, frame: Frame, func: Func, call: Call, closure: Obj | undefined): Entry {
    const before = this.#entries.get(key)
    const entry: Entry = {
      call: before === undefined ? call : joinCalls({ ...before.call, id: call.id }, call),
      closure,
      room: { depth: frame.depth, budget: frame.budget },
      nesting: this.#nestingOf(call.id),
      users: before?.users ?? new Set(),
      uses: before?.uses ?? new Set(),
      summary: this.#world().summaryOf(func),
      outcome: before?.outcome ?? NOTHING,
      reads: new Set(),
      clock: 0,
      isCut: false,
      isStale: false,
      isRunning: false,
    }
    this.#entries.set(key, entry)
    const { budgetLeft, invoked } = this.#run(entry)
    frame.budget = budgetLeft
    for (const obj of invoked) frame.invoked.add(obj)
    return entry
  }

  #run(entry: Entry): LateResult {
    const before = entry.uses
    entry.uses = new Set()
    entry.isRunning = true
    entry.isStale = false
    entry.clock = this.#globals.clock
    entry.summary = this.#world().summaryOf(entry.summary.func)
    this.#running.push(entry)
    const result = applyLate(this.#world(), entry.summary, entry.call, entry.closure, entry.room)
    this.#running.pop()
    entry.isRunning = false
    entry.reads = result.reads
    entry.isCut = result.isCut
    for (const used of before) if (!entry.uses.has(used)) used.users.delete(entry)
    this.#settleOutcome(entry, result.outcome)
    return result
  }

  #settleOutcome(entry: Entry, outcome: Outcome): void {
    const { value, thrown } = entry.outcome
    if (sameValue(outcome.value, value) && sameValue(outcome.thrown, thrown)) return
    entry.outcome = outcome
    for (const user of entry.users) user.isStale = true
  }

  /** The bodies of modules, whose walk has used an outcome that has changed since. */
  isUnsettled(func: Func): boolean {
    return this.#modules.get(func)?.isStale === true
  }

  /** Runs again what is stale, until nothing is; forgets what nobody asks for any more. */
  settle(): void {
    for (let pass = 0; pass < LIMITS['late-passes']; pass += 1) {
      let runs = 0
      for (const [key, entry] of this.#entries) {
        if (entry.users.size === 0) this.#drop(key, entry)
        else if (this.#isStale(entry)) {
          runs += 1
          this.#run(entry)
        }
      }
      if (runs === 0) return
    }
    if (this.#hasStale()) countLimit('late-passes')
  }

  #hasStale(): boolean {
    return [...this.#entries.values()].some((entry) => entry.users.size > 0 && this.#isStale(entry))
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key)
    for (const used of entry.uses) used.users.delete(entry)
  }

  #isStale(entry: Entry): boolean {
    const isCurrent = !entry.isStale && entry.summary === this.#world().summaryOf(entry.summary.func)
    return !isCurrent || isOutdated(entry.reads, entry.clock)
  }

  /** A new walk of a module's body asks anew. */
  #moduleOf(frame: Frame): User {
    const known = this.#modules.get(frame.func)
    if (known?.frame === frame) return known
    if (known !== undefined) for (const entry of known.uses) entry.users.delete(known)
    const user = { frame, uses: new Set<Entry>(), isStale: false }
    this.#modules.set(frame.func, user)
    return user
  }
}

const NOTHING: Outcome = { value: EMPTY, thrown: EMPTY }
