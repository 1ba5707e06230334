import type { Binding, Expr } from '../graph/index.ts'
import { EVERY } from '../models/index.ts'
import { applyRow } from './api.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { throwTo } from './frame.ts'
import { read, textOf } from './heap-access.ts'
import { initializeBase, invokeKnown, invokeUnknown } from './invoke.ts'
import { applyFunction } from './instantiate.ts'
import { readGlobal } from './names.ts'
import { factKey } from './names.ts'
import { addSinks, siteOf } from './sinks.ts'
import { withLibraryTypes } from './typed.ts'
import type { Arg } from './summary.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, join } from './value.ts'

export function evaluateCall(frame: Frame, expr: Expr & { k: 'call' }): Value {
  const { callee } = expr
  if (callee.k === 'super') return callSuper(frame, expr)
  if (callee.k === 'member' || callee.k === 'index') return callMember(frame, expr, callee)
  const target = calleeOf(frame, callee)
  const call = callOf(frame, expr, nameOf(callee), UNKNOWN)
  const direct =
    callee.k === 'name' && !expr.isNew ? callFixed(frame, callee.binding, target, call) : undefined
  const outcome = direct ?? invokeKnown(frame, target, call) ?? invokeUnknown(frame, call, EMPTY)
  return finish(frame, expr, call, outcome)
}

function finish(frame: Frame, expr: Expr & { k: 'call' }, call: Call, outcome: Outcome): Value {
  frame.span = expr
  throwTo(frame, outcome.thrown, join)
  assertFacts(frame, expr, call)
  return outcome.value
}

/** `assertSafe(x)`, declared `asserts x`: whoever comes past it has passed the check. */
function assertFacts(frame: Frame, expr: Expr & { k: 'call' }, _call: Call): void {
  if (expr.callee.k !== 'name') return
  const { fixed } = expr.callee.binding
  if (fixed === undefined || !('params' in fixed) || fixed.guardOf?.asserts !== true) return
  const index = fixed.params.findIndex((param) => param.name === fixed.guardOf?.parameter)
  const argument = expr.args[index]?.value
  if (argument?.k === 'name') frame.state.setFact(factKey(argument.binding), EVERY)
}

/** A function by a name that never changes needs no value: it may be captured and yet unread here. */
function callFixed(frame: Frame, binding: Binding, target: Value, call: Call): Outcome | undefined {
  const { fixed } = binding
  if (
    fixed === undefined ||
    !('params' in fixed) ||
    binding.owner === frame.func ||
    binding.owner.parent === undefined
  )
    return undefined
  for (const obj of target.refs) if (obj.func === fixed) frame.invoked.add(obj)
  return applyFunction(frame, fixed, call)
}

/** A name nothing was ever stored in may still be a global the models know. */
function calleeOf(frame: Frame, callee: Expr): Value {
  const value = frame.eval(callee)
  const isCallable = value.refs.some((obj) => obj.kind !== 'object' && obj.kind !== 'array')
  if (callee.k !== 'name' || isCallable || callee.binding.import !== undefined) return value
  return join(value, readGlobal(frame, callee.binding.name))
}

function nameOf(callee: Expr): string {
  if (callee.k === 'name') return callee.binding.name
  if (callee.k === 'global') return callee.name
  return callee.k === 'member' ? callee.key : 'function'
}

function callOf(frame: Frame, expr: Expr & { k: 'call' }, name: string, thisValue: Value): Call {
  const args: Arg[] = expr.args.map((arg) => ({
    value: frame.eval(arg.value),
    spread: arg.spread,
    span: arg.value,
  }))
  frame.span = expr
  const call = {
    id: expr.id,
    module: frame.func.module,
    span: expr,
    args,
    thisValue,
    isNew: expr.isNew,
    name,
  }
  return expr.kinds === undefined ? call : { ...call, kinds: expr.kinds }
}

function callSuper(frame: Frame, expr: Expr & { k: 'call' }): Value {
  const base = frame.eval(expr.callee)
  const call = callOf(frame, expr, 'super', frame.thisValue)
  throwTo(frame, initializeBase(frame, base, frame.thisValue, call), join)
  return frame.thisValue
}

/** Methods so named are often a program's own: the built-in meaning is only one of two. */
const AMBIGUOUS: ReadonlySet<string> = new Set([
  'get',
  'set',
  'add',
  'find',
  'filter',
  'test',
  'exec',
  'match',
  'replace',
  'write',
  'end',
  'delete',
  'entries',
  'values',
  'keys',
  'update',
  'next',
  'at',
  'with',
  'read',
  'parse',
  'search',
  'fill',
  'flat',
  'clone',
  'copy',
  'format',
  'on',
  'once',
  'emit',
  'push',
])

function callMember(
  frame: Frame,
  expr: Expr & { k: 'call' },
  callee: Expr & { k: 'member' | 'index' },
): Value {
  const isSuper = callee.object.k === 'super'
  const receiver = isSuper
    ? frame.thisValue
    : withLibraryTypes(frame, frame.eval(callee.object), callee.k === 'member' ? callee.library : undefined)
  const target = isSuper || callee.k === 'index' ? frame.eval(callee) : memberTarget(frame, callee, receiver)
  const name = callee.k === 'member' ? callee.key : 'function'
  const call = callOf(frame, expr, name, receiver)
  if (callee.k === 'index') refuseName(frame, callee, call)
  const borrowed = callee.k === 'member' ? borrowedMethod(frame, callee, receiver, call) : undefined
  if (borrowed !== undefined) return finish(frame, expr, call, borrowed)
  return finish(frame, expr, call, invokeMember(frame, target, call, name))
}

/** `object[name]()` with a name from outside calls whatever the object has, or inherits. */
function refuseName(frame: Frame, callee: Expr & { k: 'index' }, call: Call): void {
  addSinks(
    frame,
    textOf(frame, frame.eval(callee.index)),
    siteOf(call, call.span, 'dispatch', 'name', 'method call'),
  )
  frame.span = call.span
}

/** `Array.prototype.push.apply(list, more)`, `[].slice.call(list)`: a built-in method on another receiver. */
function borrowedMethod(
  frame: Frame,
  callee: Expr & { k: 'member' },
  receiver: Value,
  call: Call,
): Outcome | undefined {
  const method = callee.object
  if (
    (callee.key !== 'call' && callee.key !== 'apply') ||
    method.k !== 'member' ||
    isObjectPrototype(method.object)
  )
    return undefined
  const isKnown =
    frame.world.models.methods.has(method.key) && receiver.refs.every((obj) => obj.kind === 'api')
  if (!isKnown) return undefined
  const [self, ...rest] = call.args
  const args = callee.key === 'call' ? rest : rest.slice(0, 1).map((arg) => ({ ...arg, spread: true }))
  return invokeMember(
    frame,
    EMPTY,
    { ...call, name: method.key, args, thisValue: self?.value ?? UNKNOWN },
    method.key,
  )
}

function isObjectPrototype(expr: Expr): boolean {
  return (
    expr.k === 'member' &&
    expr.key === 'prototype' &&
    expr.object.k === 'global' &&
    expr.object.name === 'Object'
  )
}

function memberTarget(frame: Frame, callee: Expr & { k: 'member' }, receiver: Value): Value {
  const modules = receiver.refs.some((obj) => obj.kind === 'module')
  frame.span = callee
  if (modules) return frame.eval(callee)
  const found = read(frame, receiver, callee.key)
  return { ...found, labels: [] }
}

/** A method that is given a pattern, or that a pattern has, is the one of text, whoever has another by its name. */
function isOnText(call: Call, name: string): boolean {
  if (ON_PATTERN.has(name)) return isPattern(call.thisValue)
  return WITH_PATTERN.has(name) && isPattern(call.args[0]?.value)
}

const ON_PATTERN: ReadonlySet<string> = new Set(['test', 'exec'])
const WITH_PATTERN: ReadonlySet<string> = new Set(['replace', 'replaceAll', 'match', 'matchAll', 'search'])

function isPattern(value: Value | undefined): boolean {
  return value?.constants?.length === 1 && /^\/.+\/[a-z?]*$/s.test(String(value.constants[0]))
}

function invokeMember(frame: Frame, target: Value, call: Call, name: string): Outcome {
  const row = call.isNew ? undefined : frame.world.models.methods.get(name)
  if (row !== undefined && isOnText(call, name)) return applyRow(frame, row, call, name)
  const isOwn = row === undefined || AMBIGUOUS.has(name)
  const callable = isOwn ? target : { ...target, refs: target.refs.filter((obj) => obj.kind !== 'symbolic') }
  const known = invokeKnown(frame, callable, call)
  const isCertain = known !== undefined && callable.refs.some((obj) => obj.kind !== 'symbolic')
  if (row === undefined || isCertain) return known ?? invokeUnknown(frame, call, call.thisValue)
  const builtin = applyRow(frame, row, call, name)
  return known === undefined
    ? builtin
    : { value: join(known.value, builtin.value), thrown: join(known.thrown, builtin.thrown) }
}
