import type { Expr, Stmt } from '../graph/index.ts'
import { EVERY } from '../models/index.ts'
import { factsOf } from './facts.ts'
import type { Frame } from './frame.ts'
import { factKey } from './names.ts'
import type { Guard } from './summary.ts'

/** What a function's truthy or falsy result proves of its parameters, read off the conditions it returns. */
export function guardsOf(frame: Frame): readonly Guard[] {
  const { func } = frame
  const declared = func.guardOf
  if (declared !== undefined) {
    const param = func.params.findIndex((one) => one.name === declared.parameter)
    return param >= 0 && declared.type?.inert === true
      ? [{ param, kinds: EVERY, outcome: true }]
      : inferred(frame)
  }
  return inferred(frame)
}

function inferred(frame: Frame): readonly Guard[] {
  const { func } = frame
  if (func.params.length === 0 || func.isAsync || func.isGenerator) return []
  const last = func.body.at(-1)
  if (last?.k !== 'return' || last.value === undefined || !func.body.slice(0, -1).every(isSimple)) return []
  const result = last.value
  return alive(frame, () => [true, false].flatMap((outcome) => paramsProved(frame, result, outcome)))
}

/** Nothing is evaluated after the return: what it says is looked at once more, as it was reached. */
function alive<T>(frame: Frame, look: () => T): T {
  const { state } = frame
  frame.state = (frame.exits.at(-1) ?? state).fork()
  frame.state.isDead = false
  const found = look()
  frame.state = state
  return found
}

/** Statements that cannot make the function answer otherwise. */
function isSimple(stmt: Stmt): boolean {
  return stmt.k === 'let' || stmt.k === 'expr'
}

function paramsProved(frame: Frame, result: Expr, outcome: boolean): Guard[] {
  if (result.k !== 'compare' && result.k !== 'logic' && result.k !== 'not' && result.k !== 'call') return []
  const isFlag = (key: string): boolean => result.k !== 'call' || key !== ''
  const facts = factsOf(frame, result, outcome).filter((fact) => isFlag(fact.key))
  return frame.func.params.flatMap((param, index) => {
    if (param.pattern.k !== 'bind') return []
    const key = factKey(param.pattern.binding)
    const found = facts.find((fact) => fact.key === key)
    return found === undefined ? [] : [{ param: index, kinds: found.kinds, outcome }]
  })
}
