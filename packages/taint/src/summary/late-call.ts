import type { Func } from '../graph/index.ts'
import type { Call, Outcome, World } from './frame.ts'
import { applySummary } from './instantiate.ts'
import { newFrame } from './new-frame.ts'
import type { Obj } from './object.ts'
import type { Summary } from './summary.ts'
import type { Value } from './value.ts'
import { EMPTY, isData, join } from './value.ts'

/** What the limits leave a late call to spend. */
export interface Room {
  readonly depth: number
  readonly budget: number
}

/** What a late call gave, and what it rests on. */
export interface LateResult {
  readonly outcome: Outcome
  readonly reads: Summary['reads']
  readonly invoked: ReadonlySet<Obj>
  readonly budgetLeft: number
  /** It would find more with more room. */
  readonly isCut: boolean
}

/** Applies a summary where there is nothing but program-wide state. */
export function applyLate(
  world: World,
  summary: Summary,
  call: Call,
  closure: Obj | undefined,
  room: Room,
): LateResult {
  const { func } = summary
  const frame = newFrame(world, func.module.init)
  frame.isClosing = true
  frame.span = func.span
  frame.depth = room.depth
  frame.budget = room.budget
  const outcome = applySummary(frame, summary, call, closure)
  return { outcome, reads: frame.reads, invoked: frame.invoked, budgetLeft: frame.budget, isCut: frame.isCut }
}

/**
 * Calls with the same key are one. What tells them apart is the receiver, and of the arguments what may be
 * dangerous or called; the data in them is joined.
 */
export function lateKey(func: Func, call: Call, closure: Obj | undefined): string {
  const args = call.args.map(({ value, spread }) => `${spread ? '...' : ''}${argumentKey(value)}`)
  return `${func.id}/${closure?.id ?? ''}/${receiverKey(call.thisValue)}/${args.join('/')}`
}

function argumentKey(value: Value): string {
  const targets = value.refs.filter((obj) => !isData(obj)).map((obj) => obj.id)
  return `${labelsKey(value)}|${targets.join()}|${value.cleared}|${String(value.constants)}`
}

function receiverKey(value: Value): string {
  return `${labelsKey(value)}|${value.refs.map((obj) => obj.id).join()}|${value.cleared}`
}

function labelsKey({ labels }: Value): string {
  return labels.map((label) => label.key).join()
}

/** Two calls of one key as one. */
export function joinCalls(before: Call, after: Call): Call {
  const isSame = after.args.every(({ value }, index) => {
    const known = before.args[index]?.value ?? EMPTY
    return join(known, value) === known
  })
  if (isSame) return before
  const args = before.args.map((arg, index) => ({
    ...arg,
    value: join(arg.value, after.args[index]?.value ?? EMPTY),
  }))
  return { ...before, args }
}
