import type { Func } from '../graph/index.ts'
import type { Summary, World } from '../summary/index.ts'
import { LIMITS, analyze, countLimit, emptySummary } from '../summary/index.ts'
import { sameTaint, sizeOf, widen } from './stability.ts'

interface Entry {
  summary: Summary
  clock: number
}

/** A cycle whose shape still grows is left when its taint has not changed from one of these rounds to the next. */
const SETTLED_ROUNDS = 2

/**
 * Summaries by need. A function that is asked for while it is being walked answers with what is known
 * so far; the first function of such a cycle is walked again until nothing changes.
 */
export class Summaries {
  readonly #done = new Map<Func, Entry>()
  readonly #partial = new Map<Func, Summary>()
  /** Walked while a function they lean on was not done: good for this round of that function only. */
  readonly #provisional = new Map<Func, { readonly summary: Summary; readonly lean: number }>()
  readonly #stack: Func[] = []
  /** Lowest place on the stack that the walk so far leaned on. */
  #lean = Number.POSITIVE_INFINITY
  readonly #world: () => World
  readonly #clock: () => number
  walks = 0

  constructor(world: () => World, clock: () => number) {
    this.#world = world
    this.#clock = clock
  }

  of(func: Func): Summary {
    const known = this.#done.get(func)
    if (known !== undefined) return known.summary
    const at = this.#stack.indexOf(func)
    if (at >= 0) {
      this.#lean = Math.min(this.#lean, at)
      return this.#partial.get(func) ?? emptySummary(func)
    }
    const provisional = this.#provisional.get(func)
    if (provisional !== undefined) {
      this.#lean = Math.min(this.#lean, provisional.lean)
      return provisional.summary
    }
    if (this.#stack.length >= LIMITS['summary-depth']) {
      countLimit('summary-depth')
      return this.#partial.get(func) ?? emptySummary(func)
    }
    return this.#walk(func)
  }

  #walk(func: Func): Summary {
    const depth = this.#stack.length
    const outerLean = this.#lean
    this.#stack.push(func)
    let summary = emptySummary(func)
    for (let round = 0; round < LIMITS.recursion; round += 1) {
      this.#lean = Number.POSITIVE_INFINITY
      this.#dropProvisional(depth)
      const clock = this.#clock()
      this.walks += 1
      const walked = analyze(this.#world(), func)
      const next = round > SETTLED_ROUNDS ? widen(summary, walked) : walked
      const isStable =
        sameTaint(next, summary, 'path') && (round >= SETTLED_ROUNDS || sizeOf(next) === sizeOf(summary))
      const isSettled = isStable || sameTaint(next, summary, 'argument')
      summary = next
      this.#partial.set(func, next)
      if (this.#lean > depth) {
        this.#done.set(func, { summary, clock })
        break
      }
      if (this.#lean < depth || isStable) break
      if (!isSettled && round === LIMITS.recursion - 1) this.#unresolved(func, next)
    }
    this.#stack.pop()
    if (this.#lean >= depth) {
      this.#done.set(func, { summary, clock: this.#clock() })
      this.#settle(depth)
      this.#lean = outerLean
    } else {
      this.#provisional.set(func, { summary, lean: this.#lean })
      this.#lean = Math.min(outerLean, this.#lean)
    }
    return summary
  }

  /** A new round of the function at `depth`: what leaned on it must be walked again. */
  #dropProvisional(depth: number): void {
    for (const [func, { lean }] of this.#provisional) if (lean >= depth) this.#provisional.delete(func)
  }

  /** The function at `depth` is stable, and so is what leaned on it and nothing below. */
  #settle(depth: number): void {
    for (const [func, { summary, lean }] of this.#provisional) {
      if (lean < depth) continue
      this.#done.set(func, { summary, clock: this.#clock() })
      this.#provisional.delete(func)
    }
  }

  /** The inventory's diagnostic: the cycle's result is taken as far as it was followed. */
  #unresolved(func: Func, summary: Summary): void {
    const other = [...summary.callees].find((callee) => this.#partial.has(callee)) ?? func
    countLimit('recursion')
    if (func.returnMarks.tainted === true || func.returnMarks.untainted === true) return
    const what = `taint checking for '${func.name}' could not complete due to recursion with '${other.name}'`
    const message = `${what}, add @tainted or @untainted to returns`
    this.#world().diagnose('recursion', func.module, func.span, message)
  }

  /** Forgets every summary that read something which has grown since, and all that build on one. */
  invalidate(changed: (entry: Summary, clock: number) => boolean): number {
    const stale = new Set<Func>()
    for (const [func, entry] of this.#done) if (changed(entry.summary, entry.clock)) stale.add(func)
    let grew = stale.size > 0
    while (grew) {
      grew = false
      for (const [func, entry] of this.#done) {
        if (stale.has(func)) continue
        for (const callee of entry.summary.callees) {
          if (!stale.has(callee)) continue
          stale.add(func)
          grew = true
          break
        }
      }
    }
    for (const func of stale) this.#done.delete(func)
    return stale.size
  }
}
