import type { Expr, Func } from '../graph/index.ts'
import { EVERY, maskOf, rowOf } from '../models/index.ts'
import { isAllowList } from './allow-list.ts'
import { charactersOf, kindsWithout } from './characters.ts'
import type { Fact } from './fact.ts'
import { about } from './fact.ts'
import type { Frame } from './frame.ts'
import { read } from './heap-access.ts'
import { mismatchFacts, startsWithFacts, withoutFacts } from './path-facts.ts'

/** Facts that hold when a check came out as `outcome`. */
export function callFacts(frame: Frame, test: Expr & { k: 'call' }, outcome: boolean): Fact[] {
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
  const { refs } = frame.eval(callee)
  if (!refs.some((obj) => obj.func !== undefined || obj.api !== undefined))
    return namedFacts(callee, args, outcome)
  return refs.flatMap((obj) => {
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

/** A check that nobody has seen is taken at its word: `isValid(x)`, `isAllowed(x)`. */
const VOUCHES = /^(?!.*(?:in|un)(?:valid|safe|allowed))\w*(?:valid|safe|allowed|permitted|white_?list)/i

function namedFacts(callee: Expr, args: readonly { readonly value: Expr }[], outcome: boolean): Fact[] {
  const name = callee.k === 'global' ? callee.name : callee.k === 'name' ? callee.binding.name : ''
  const first = args[0]?.value
  return outcome && first !== undefined && VOUCHES.test(name) ? about(first, EVERY) : []
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

/** `['__proto__', ...].includes(key)` came out false. */
function denied(frame: Frame, callee: Expr & { k: 'member' }, first: Expr): Fact[] {
  const listed = read(frame, frame.eval(callee.object), undefined).constants ?? []
  return listed.includes('__proto__') ? about(first, maskOf(['prototype-key'])) : []
}

const member: Method = (frame, callee, _args, first) =>
  isAllowList(frame, callee.object) ? about(first, EVERY) : undefined
const owned: Method = (_frame, _callee, _args, first) => about(first, EVERY)

const matched: Method = (_frame, callee, _args, first) =>
  first.k === 'regex' && isStrict(first.source) ? about(callee.object, EVERY) : undefined

/** What a true answer of a built-in method proves of its argument. */
const METHOD_FACTS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['includes', member],
  ['has', member],
  ['hasOwnProperty', owned],
  ['hasOwn', (_frame, _callee, args, first) => about(args[1] ?? first, EVERY)],
  ['some', (_frame, callee, _args, first) => someFacts(callee.object, first)],
  ['test', (frame, callee, _args, first) => testFacts(frame, callee.object, first)],
  ['match', matched],
  ['matchAll', matched],
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
  if (outcome) return METHOD_FACTS.get(callee.key)?.(frame, callee, args, first)
  const refused = callee.key === 'includes' ? denied(frame, callee, first) : []
  return refused.length === 0 ? undefined : refused
}

/** Checks of a path: `startsWith('/home/')`, `includes('..')`. */
function pathFacts(frame: Frame, callee: Expr & { k: 'member' }, first: Expr, outcome: boolean): Fact[] {
  if (callee.key === 'startsWith') return prefixFacts(frame, callee.object, first, outcome)
  if (outcome) return []
  const refused = refusedBy(callee, first)
  if (refused !== undefined) return refused.filter((fact) => fact.kinds !== 0)
  if (callee.key !== 'includes') return []
  const isPrototype = first.k === 'const' && first.value === '__proto__'
  const kinds = isPrototype ? maskOf(['prototype-key']) : withoutFacts(first)
  return kinds === 0 ? [] : about(callee.object, kinds)
}

function prefixFacts(frame: Frame, path: Expr, prefix: Expr, outcome: boolean): Fact[] {
  const kinds = startsWithFacts(frame.eval(path), prefix, outcome)
  const own = kinds === 0 ? [] : about(path, kinds)
  const isClimb = !outcome && prefix.k === 'const' && prefix.value === '..'
  return isClimb ? [...own, ...containedFacts(frame, path)] : own
}

/** `path.relative(root, file)` does not climb out: the file is under the root. */
function containedFacts(frame: Frame, relative: Expr): Fact[] {
  const made = relative.k === 'name' ? relative.binding.init : relative
  if (made?.k !== 'call' || made.args.length !== 2) return []
  const isRelative = frame
    .eval(made.callee)
    .refs.some((obj) => obj.api !== undefined && rowOf(obj.api)?.native === 'path-relative')
  const file = made.args[1]?.value
  return isRelative && file !== undefined ? about(file, maskOf(['path'])) : []
}

/** What a text cannot hold that a pattern does not match. */
function refusedBy(callee: Expr & { k: 'member' }, first: Expr): Fact[] | undefined {
  if (TESTS_PATTERN.has(callee.key) && callee.object.k === 'regex')
    return about(first, unmatchedFacts(callee.object.source))
  return TAKES_PATTERN.has(callee.key) && first.k === 'regex'
    ? about(callee.object, unmatchedFacts(first.source))
    : undefined
}

const TESTS_PATTERN: ReadonlySet<string> = new Set(['test', 'exec'])
const TAKES_PATTERN: ReadonlySet<string> = new Set(['match', 'matchAll'])

function unmatchedFacts(source: string): number {
  const characters = charactersOf(source)
  return mismatchFacts(source) | (characters === undefined ? 0 : kindsWithout(characters))
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
