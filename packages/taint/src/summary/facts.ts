import type { Constant, Expr, Func } from '../graph/index.ts'
import { EVERY, maskOf, rowOf } from '../models/index.ts'
import type { Frame } from './frame.ts'
import { factKey } from './names.ts'
import { mismatchFacts, startsWithFacts, withoutFacts } from './path-facts.ts'
import type { Value } from './value.ts'

/** What a condition proves: for the place `key`, these kinds of danger are ruled out. */
export interface Fact {
  readonly key: string
  readonly kinds: number
}

/** A name for a place that a condition can speak of: `x`, `x.y`, `this.z`. */
export function factOf(expr: Expr): string | undefined {
  if (expr.k === 'name') return factKey(expr.binding)
  if (expr.k === 'this') return 'this;'
  if (expr.k === 'member') {
    const object = factOf(expr.object)
    return object === undefined ? undefined : `${object}${expr.key};`
  }
  if (expr.k === 'index' && expr.index.k === 'name') {
    const object = factOf(expr.object)
    return object === undefined ? undefined : `${object}[${expr.index.binding.id}];`
  }
  if (expr.k === 'assign' && expr.target.k === 'bind') return factKey(expr.target.binding)
  return expr.k === 'cast' || expr.k === 'await' ? factOf(expr.value) : undefined
}

/** Facts that hold when the condition came out as `outcome`. */
export function factsOf(frame: Frame, test: Expr, outcome: boolean): Fact[] {
  if (test.k === 'not') return factsOf(frame, test.value, !outcome)
  if (test.k === 'logic' && test.op !== '??') return logicFacts(frame, test, outcome)
  if (test.k === 'compare') return compareFacts(frame, test, outcome)
  if (test.k === 'call') return callFacts(frame, test, outcome)
  if (test.k === 'sequence') return factsOf(frame, test.items.at(-1) ?? test, outcome)
  if (test.k === 'choice' || test.k === 'const') return []
  return outcome ? [] : about(test, EVERY)
}

function about(place: Expr, kinds: number): Fact[] {
  const key = factOf(place)
  return key === undefined ? [] : [{ key, kinds }]
}

/** `a && b` true proves both; false proves only what both would. */
function logicFacts(frame: Frame, test: Expr & { k: 'logic' }, outcome: boolean): Fact[] {
  const left = factsOf(frame, test.left, outcome)
  const right = factsOf(frame, test.right, outcome)
  const isBoth = (test.op === '&&') === outcome
  if (isBoth) return [...left, ...right]
  return left.flatMap((one) => {
    const other = right.find((fact) => fact.key === one.key)
    return other === undefined ? [] : [{ key: one.key, kinds: one.kinds & other.kinds }]
  })
}

const TEXT_TYPES: ReadonlySet<Constant> = new Set(['string', 'object', 'function'])
/** Dangers that only an object brings: an operator where a string was meant. */
const OBJECT_KINDS = ['nosql']

function compareFacts(frame: Frame, test: Expr & { k: 'compare' }, outcome: boolean): Fact[] {
  const { op, left, right } = test
  if (op === 'in') return outcome ? about(left, EVERY) : []
  if (op === 'instanceof') return []
  if (op === '<' || op === '>' || op === '<=' || op === '>=') return rangeFacts(frame, test, outcome)
  const isEqual = op === '==' || op === '==='
  if (isEqual !== outcome) return inequalityFacts(frame, left, right)
  if (left.k === 'typeof') return typeofFacts(frame, left.value, frame.eval(right))
  if (right.k === 'typeof') return typeofFacts(frame, right.value, frame.eval(left))
  return equalityFacts(frame, left, right)
}

function typeofFacts(_frame: Frame, place: Expr, type: Value): Fact[] {
  const name = type.constants?.length === 1 ? type.constants[0] : undefined
  if (typeof name !== 'string') return []
  return TEXT_TYPES.has(name)
    ? name === 'string'
      ? about(place, maskOf(OBJECT_KINDS))
      : []
    : about(place, EVERY)
}

/** Equal to something untainted: as harmless as that. */
function equalityFacts(frame: Frame, left: Expr, right: Expr): Fact[] {
  const found: Fact[] = []
  if (isHarmless(frame, right)) found.push(...about(left, EVERY))
  if (isHarmless(frame, left)) found.push(...about(right, EVERY))
  return [...found, ...indexOfFacts(left, right, true), ...prefixFacts(frame, left, right, true)]
}

const PROTOTYPE_NAMES: ReadonlySet<Constant> = new Set(['__proto__', 'constructor', 'prototype'])

/** `path.indexOf(root) === 0` is `path.startsWith(root)`. */
function prefixFacts(frame: Frame, left: Expr, right: Expr, isEqual: boolean): Fact[] {
  const search = searchOf(left)
  if (search === undefined || right.k !== 'const' || right.value !== 0) return []
  const kinds = startsWithFacts(frame.eval(search.within), search.what, isEqual)
  return kinds === 0 ? [] : about(search.within, kinds)
}

function inequalityFacts(frame: Frame, left: Expr, right: Expr): Fact[] {
  const named = [
    [left, right],
    [right, left],
  ] as const
  const keys = named.flatMap(([name, key]) =>
    name.k === 'const' && PROTOTYPE_NAMES.has(name.value) ? about(key, maskOf(['prototype-key'])) : [],
  )
  return [...keys, ...indexOfFacts(left, right, false), ...prefixFacts(frame, left, right, false)]
}

function isHarmless(frame: Frame, expr: Expr): boolean {
  if (expr.k === 'const') return true
  const value = frame.eval(expr)
  return value.labels.length === 0 && value.refs.every((obj) => obj.kind !== 'symbolic')
}

/** `list.indexOf(x) !== -1` is `list.includes(x)`; `=== -1` says what `path` does not hold. */
function indexOfFacts(left: Expr, right: Expr, isEqual: boolean): Fact[] {
  const search = searchOf(left)
  if (search === undefined || right.k !== 'const' || right.value !== -1) return []
  if (!isEqual) return isText(search.within) ? [] : about(search.what, EVERY)
  const kinds = withoutFacts(search.what)
  return kinds === 0 ? [] : about(search.within, kinds)
}

function searchOf(expr: Expr): { readonly within: Expr; readonly what: Expr } | undefined {
  if (expr.k !== 'call' || expr.callee.k !== 'member' || expr.callee.key !== 'indexOf') return undefined
  const what = expr.args[0]?.value
  return what === undefined ? undefined : { within: expr.callee.object, what }
}

function isText(expr: Expr): boolean {
  return expr.k === 'const' || expr.k === 'concat'
}

/** `list.indexOf(x) >= 0`, and the other ways to write it. */
const FOUND: ReadonlySet<string> = new Set(['>= 0', '> -1', '>= 1', '> 0', '> 1'])
const NOT_FOUND: ReadonlySet<string> = new Set(['< 0', '<= -1'])

function rangeFacts(_frame: Frame, test: Expr & { k: 'compare' }, outcome: boolean): Fact[] {
  const { left, right, op } = test
  const small = op.startsWith('<') === outcome ? left : right
  if (small.k === 'name' || small.k === 'member') return about(small, maskOf(['resource']))
  if (left.k !== 'call' || left.callee.k !== 'member' || left.callee.key !== 'indexOf') return []
  const argument = left.args[0]?.value
  if (argument === undefined || right.k !== 'const') return []
  const bound = `${op} ${String(right.value)}`
  return (outcome ? FOUND : NOT_FOUND).has(bound) ? about(argument, EVERY) : []
}

function callFacts(frame: Frame, test: Expr & { k: 'call' }, outcome: boolean): Fact[] {
  const { callee, args } = test
  if (callee.k === 'member') {
    const found = methodFacts(
      frame,
      callee,
      args.map((arg) => arg.value),
      outcome,
    )
    if (found !== undefined) return found
  }
  return frame.eval(callee).refs.flatMap((obj) => {
    if (obj.func !== undefined)
      return guardFacts(
        frame,
        obj.func,
        args.map((arg) => arg.value),
        outcome,
      )
    const row = obj.api === undefined ? undefined : rowOf(obj.api)
    return (row?.guards ?? []).flatMap((guard) =>
      guard.outcome === outcome && args[guard.argument] !== undefined
        ? about(args[guard.argument]?.value ?? test, guard.kinds)
        : [],
    )
  })
}

/** A function of the program that vouches for its parameter. */
function guardFacts(frame: Frame, func: Func, args: readonly Expr[], outcome: boolean): Fact[] {
  return frame.world.summaryOf(func).guards.flatMap((guard) => {
    const argument = args[guard.param]
    return guard.outcome === outcome && argument !== undefined ? about(argument, guard.kinds) : []
  })
}

type Method = (
  frame: Frame,
  callee: Expr & { k: 'member' },
  args: readonly Expr[],
  first: Expr,
) => Fact[] | undefined

const member: Method = (frame, callee, _args, first) =>
  isAllowList(frame, callee.object) ? about(first, EVERY) : undefined
const owned: Method = (_frame, _callee, _args, first) => about(first, EVERY)

/** What a true answer of a built-in method proves of its argument. */
const METHOD_FACTS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['includes', member],
  ['has', member],
  ['hasOwnProperty', owned],
  ['hasOwn', owned],
  ['some', (_frame, callee, _args, first) => someFacts(callee.object, first)],
  ['test', (frame, callee, _args, first) => testFacts(frame, callee.object, first)],
  [
    'match',
    (_frame, callee, _args, first) =>
      first.k === 'regex' && isStrict(first.source) ? about(callee.object, EVERY) : undefined,
  ],
])

function methodFacts(
  frame: Frame,
  callee: Expr & { k: 'member' },
  args: readonly Expr[],
  outcome: boolean,
): Fact[] | undefined {
  const first = args[0]
  if (first === undefined) return undefined
  if (callee.key === 'call' || callee.key === 'apply')
    return reflectiveFacts(frame, callee.object, args, outcome)
  const path = pathFacts(frame, callee, first, outcome)
  if (path.length > 0) return path
  return outcome ? METHOD_FACTS.get(callee.key)?.(frame, callee, args, first) : undefined
}

/** Checks of a path: `startsWith('/home/')`, `includes('..')`. */
function pathFacts(frame: Frame, callee: Expr & { k: 'member' }, first: Expr, outcome: boolean): Fact[] {
  if (callee.key === 'startsWith') {
    const kinds = startsWithFacts(frame.eval(callee.object), first, outcome)
    return kinds === 0 ? [] : about(callee.object, kinds)
  }
  if (callee.key === 'match' && first.k === 'regex' && !outcome)
    return about(callee.object, mismatchFacts(first.source)).filter((fact) => fact.kinds !== 0)
  if (callee.key === 'test' && callee.object.k === 'regex' && !outcome)
    return about(first, mismatchFacts(callee.object.source)).filter((fact) => fact.kinds !== 0)
  const kinds = callee.key === 'includes' && !outcome ? withoutFacts(first) : 0
  return kinds === 0 ? [] : about(callee.object, kinds)
}

function testFacts(frame: Frame, pattern: Expr, argument: Expr): Fact[] | undefined {
  if (pattern.k === 'regex') return isStrict(pattern.source) ? about(argument, EVERY) : []
  return regexFacts(frame, pattern, argument, true)
}

function regexFacts(frame: Frame, pattern: Expr, argument: Expr, outcome: boolean): Fact[] | undefined {
  const constants = frame.eval(pattern).constants
  const source = constants?.length === 1 ? String(constants[0]) : ''
  const regex = /^\/(.*)\/[a-z]*$/s.exec(source)?.[1]
  return regex !== undefined && outcome && isStrict(regex) ? about(argument, EVERY) : undefined
}

function reflectiveFacts(frame: Frame, callee: Expr, args: readonly Expr[], outcome: boolean): Fact[] {
  return frame.eval(callee).refs.flatMap((obj) => {
    if (obj.func !== undefined) return guardFacts(frame, obj.func, args.slice(1), outcome)
    const guards = obj.api === undefined ? [] : (rowOf(obj.api)?.guards ?? [])
    return guards.flatMap((guard) => {
      const argument = args[guard.argument + 1]
      return guard.outcome === outcome && argument !== undefined ? about(argument, guard.kinds) : []
    })
  })
}

function isAllowList(frame: Frame, list: Expr): boolean {
  const value = frame.eval(list)
  return (
    !isText(list) &&
    value.labels.length === 0 &&
    value.refs.every(
      (obj) =>
        obj.kind !== 'symbolic' || obj.path?.root.kind === 'captured' || obj.path?.root.kind === 'this',
    )
  )
}

/** `allowed.some((one) => one === x)`. */
function someFacts(_list: Expr, callback: Expr): Fact[] {
  if (callback.k !== 'function') return []
  const last = callback.func.body.at(-1)
  if (
    last?.k !== 'return' ||
    last.value?.k !== 'compare' ||
    (last.value.op !== '===' && last.value.op !== '==')
  )
    return []
  const { left, right } = last.value
  return [left, right]
    .filter((side) => side.k !== 'name' || side.binding.owner !== callback.func)
    .flatMap((side) => about(side, EVERY))
}

/** Anchored at both ends and made of harmless characters only. */
function isStrict(source: string): boolean {
  if (!source.startsWith('^') || !source.endsWith('$') || source.includes('|')) return false
  const inside = source.slice(1, -1)
  if (/\[\^|\\[SDW]|\\s/.test(inside)) return false
  return !/(?:^|[^\\])\.(?!\d)/.test(inside.replaceAll(/\[[^\]]*\]/g, ''))
}
