import type { Constant, Expr } from '../graph/index.ts'
import { EVERY, maskOf } from '../models/index.ts'
import { isAllowList, isText } from './allow-list.ts'
import { callFacts } from './call-facts.ts'
import type { Fact } from './fact.ts'
import { about, factOf } from './fact.ts'
import type { Frame } from './frame.ts'
import { firstCharacterFacts, startsWithFacts, withoutFacts } from './path-facts.ts'
import type { Value } from './value.ts'

/** Facts that hold when the condition came out as `outcome`. */
export function factsOf(frame: Frame, test: Expr, outcome: boolean): Fact[] {
  if (test.k === 'not') return factsOf(frame, test.value, !outcome)
  if (test.k === 'logic' && test.op !== '??') return logicFacts(frame, test, outcome)
  if (test.k === 'compare') return compareFacts(frame, test, outcome)
  if (test.k === 'call') return callFacts(frame, test, outcome)
  if (test.k === 'sequence') return factsOf(frame, test.items.at(-1) ?? test, outcome)
  if (test.k === 'choice' || test.k === 'const') return []
  return outcome ? foundFacts(frame, test) : about(test, EVERY)
}

/** `a && b` true proves both; false proves only what both would. */
function logicFacts(frame: Frame, test: Expr & { k: 'logic' }, outcome: boolean): Fact[] {
  const left = factsOf(frame, test.left, outcome)
  const right = factsOf(frame, test.right, outcome)
  const isBoth = (test.op === '&&') === outcome
  if (isBoth) return [...left, ...right]
  return left.flatMap((one) => {
    const other = right.find((fact) => fact.key === one.key)
    return other === undefined ? [] : [{ ...one, kinds: one.kinds & other.kinds }]
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
  const flag = flagOf(left, right)
  if (flag !== undefined) return factsOf(frame, flag.test, (isEqual === outcome) === flag.value)
  if (isEqual !== outcome) return inequalityFacts(frame, left, right)
  return equalityFacts(frame, left, right)
}

/** `isSafe(x) === true` is `isSafe(x)`. */
function flagOf(left: Expr, right: Expr): { readonly test: Expr; readonly value: boolean } | undefined {
  if (right.k === 'const' && typeof right.value === 'boolean') return { test: left, value: right.value }
  return left.k === 'const' && typeof left.value === 'boolean'
    ? { test: right, value: left.value }
    : undefined
}

function typeofFacts(place: Expr, type: Value): Fact[] {
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
  if (left.k === 'typeof') return typeofFacts(left.value, frame.eval(right))
  if (right.k === 'typeof') return typeofFacts(right.value, frame.eval(left))
  const found: Fact[] = []
  if (isHarmless(frame, right)) found.push(...about(left, EVERY))
  if (isHarmless(frame, left)) found.push(...about(right, EVERY))
  return [
    ...found,
    ...sliceFacts(frame, left, right),
    ...indexOfFacts(left, right, true),
    ...prefixFacts(frame, left, right, true),
  ]
}

const SLICES: ReadonlySet<string> = new Set(['slice', 'substring', 'substr'])

/** `path.slice(0, root.length) === root` is `path.startsWith(root)`. */
function sliceFacts(frame: Frame, left: Expr, right: Expr): Fact[] {
  if (left.k !== 'call' || left.callee.k !== 'member' || !SLICES.has(left.callee.key)) return []
  const [start, end] = left.args.map(({ value }) => value)
  const isPrefix = start?.k === 'const' && start.value === 0 && end?.k === 'member' && end.key === 'length'
  if (!isPrefix || factOf(end.object) !== factOf(right)) return []
  const kinds = startsWithFacts(frame.eval(left.callee.object), right, true)
  return kinds === 0 ? [] : about(left.callee.object, kinds)
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
  return [
    ...keys,
    ...lookupFacts(frame, left, right),
    ...firstFacts(left, right),
    ...indexOfFacts(left, right, false),
    ...prefixFacts(frame, left, right, false),
  ]
}

/** `TARGETS[x] !== undefined`: a name that a table of ours has. */
function lookupFacts(frame: Frame, left: Expr, right: Expr): Fact[] {
  return [
    [left, right],
    [right, left],
  ].flatMap(([place, nothing]) => (place !== undefined && isNothing(nothing) ? foundFacts(frame, place) : []))
}

function isNothing(expr: Expr | undefined): boolean {
  if (expr?.k === 'inert') return expr.parts.every((part) => part.k === 'const')
  return expr?.k === 'const' && (expr.value === undefined || expr.value === null)
}

function foundFacts(frame: Frame, place: Expr): Fact[] {
  return place.k === 'index' && isAllowList(frame, place.object) ? about(place.index, EVERY) : []
}

/** `path[0] !== '/'` is `!path.startsWith('/')`. */
function firstFacts(left: Expr, right: Expr): Fact[] {
  if (left.k !== 'member' || left.key !== '0' || right.k !== 'const') return []
  const kinds = firstCharacterFacts(right.value)
  return kinds === 0 ? [] : about(left.object, kinds)
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
