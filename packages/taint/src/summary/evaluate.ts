import type { Binding, Expr } from '../graph/index.ts'
import { STRING_KINDS, concat } from './concat.ts'
import { evaluateCall } from './evaluate-call.ts'
import { evaluateClass, evaluateFunction, evaluateJsx, evaluateObject } from './evaluate-literal.ts'
import type { Fact } from './fact.ts'
import { factOf } from './fact.ts'
import { factsOf } from './facts.ts'
import type { Frame } from './frame.ts'
import { isTopLevel, throwTo } from './frame.ts'
import { awaited, iterate, read, rejected, textOf, writeSlot } from './heap-access.ts'
import { readMarked } from './marked.ts'
import { exportedName, readBinding, readGlobal, writeBinding } from './names.ts'
import { ELEMENT } from './path.ts'
import { assign } from './patterns.ts'
import { typedValue, withLibraryTypes } from './typed.ts'
import type { Label, Value } from './value.ts'
import { EMPTY, UNKNOWN, clear, clearLabels, constant, join, joinLabels, ofLabels, ofRefs } from './value.ts'

type Handler = (frame: Frame, expr: Expr) => Value

function on<K extends Expr['k']>(_kind: K, handle: (frame: Frame, expr: Expr & { k: K }) => Value): Handler {
  return (frame, expr) => handle(frame, expr as Expr & { k: K })
}

export function evaluate(frame: Frame, expr: Expr): Value {
  if (frame.state.isDead) return EMPTY
  frame.span = expr
  const value = HANDLERS[expr.k](frame, expr)
  const key = value.labels.length > 0 || value.refs.length > 0 ? factOf(expr) : undefined
  return key === undefined ? value : clear(value, frame.state.fact(key))
}

/** Goes on as the condition came out, knowing what it proves. */
export function assume(frame: Frame, test: Expr, outcome: boolean): void {
  for (const fact of factsOf(frame, test, outcome)) setFact(frame, fact)
}

function setFact(frame: Frame, { key, kinds, binding }: Fact): void {
  if (binding !== undefined && binding.owner === frame.func && !binding.captured)
    settle(frame, binding, kinds)
  frame.state.setFact(key, frame.state.fact(key) | kinds)
}

/** What a branch proved of a variable goes on with its value, when the branches meet again. */
function settle(frame: Frame, binding: Binding, kinds: number): void {
  const before = readBinding(frame, binding)
  const after = clear(before, kinds)
  if (after !== before) writeBinding(frame, binding, after)
}

function evaluateName(frame: Frame, expr: Expr & { k: 'name' }): Value {
  return readBinding(frame, expr.binding)
}

function evaluateThis(frame: Frame, expr: Expr & { k: 'this' }): Value {
  if (expr.self === undefined) return frame.thisValue
  return readBinding(frame, expr.self)
}

function evaluateMember(frame: Frame, expr: Expr & { k: 'member' }): Value {
  if (expr.object.k === 'super') {
    const base = expr.object.binding === undefined ? EMPTY : readBinding(frame, expr.object.binding)
    return read(frame, read(frame, base, 'prototype'), expr.key)
  }
  const object = withLibraryTypes(frame, evaluate(frame, expr.object), expr.library)
  frame.span = expr
  const known = moduleMember(frame, object, expr.key)
  return readMarked(frame, known ?? read(frame, object, expr.key), expr.key, expr.marks, expr)
}

/** A member of a module namespace is what the module exports under that name. */
function moduleMember(frame: Frame, object: Value, key: string): Value | undefined {
  const modules = object.refs.filter((obj) => obj.kind === 'module')
  if (modules.length === 0) return undefined
  let found = read(frame, object, key)
  for (const obj of modules) {
    if (obj.module !== undefined)
      found = join(found, exportedName(frame, { from: { specifier: '', module: obj.module }, name: key }))
  }
  return found
}

function evaluateIndex(frame: Frame, expr: Expr & { k: 'index' }): Value {
  const object = evaluate(frame, expr.object)
  const index = evaluate(frame, expr.index)
  frame.span = expr
  const key =
    index.constants?.length === 1 && index.labels.length === 0 ? String(index.constants[0]) : undefined
  return read(frame, object, key)
}

function evaluateArray(frame: Frame, expr: Expr & { k: 'array' }): Value {
  const made = frame.world.heap.at(expr.id, { kind: 'array' }, isTopLevel(frame))
  let labels: readonly Label[] = []
  let isExact = true
  writeSlot(frame, made, ELEMENT, EMPTY)
  for (const [index, item] of expr.items.entries()) {
    const value = evaluate(frame, item.value)
    if (item.spread) {
      labels = joinLabels(labels, value.labels)
      isExact = false
    }
    const stored = item.spread ? iterate(frame, value) : value
    if (isExact) writeSlot(frame, made, String(index), stored)
    else writeSlot(frame, made, ELEMENT, join(read(frame, ofRefs([made]), ELEMENT), stored))
  }
  return labels.length === 0 ? ofRefs([made]) : { ...ofRefs([made]), labels }
}

function evaluateAssign(frame: Frame, expr: Expr & { k: 'assign' }): Value {
  if (expr.op === '=') {
    const value = evaluate(frame, expr.value)
    assign(frame, expr.target, value)
    return value
  }
  const before = currentOf(frame, expr)
  if (expr.op === 'inert') {
    evaluate(frame, expr.value)
    assign(frame, expr.target, UNKNOWN)
    return UNKNOWN
  }
  const given = evaluate(frame, expr.value)
  const value =
    expr.op === '+='
      ? ofLabels(
          joinLabels(
            clearLabels(textOf(frame, before), STRING_KINDS),
            clearLabels(textOf(frame, given), STRING_KINDS),
          ),
        )
      : join(before, given)
  assign(frame, expr.target, value)
  return value
}

function currentOf(frame: Frame, expr: Expr & { k: 'assign' }): Value {
  if (expr.target.k === 'bind')
    return evaluate(frame, { k: 'name', binding: expr.target.binding, start: expr.start, end: expr.end })
  return expr.target.k === 'place' ? evaluate(frame, expr.target.place) : UNKNOWN
}

function branch(
  frame: Frame,
  test: Expr,
  outcome: boolean,
  value: Expr | undefined,
): { value: Value; state: Frame['state'] } {
  const base = frame.state
  frame.state = base.fork()
  assume(frame, test, outcome)
  const found = value === undefined ? EMPTY : evaluate(frame, value)
  const state = frame.state
  frame.state = base
  return { value: found, state }
}

function evaluateChoice(frame: Frame, expr: Expr & { k: 'choice' }): Value {
  evaluate(frame, expr.test)
  const yes = branch(frame, expr.test, true, expr.yes)
  const no = branch(frame, expr.test, false, expr.no)
  frame.state.merge([yes.state, no.state], false)
  return join(yes.value, no.value)
}

function evaluateLogic(frame: Frame, expr: Expr & { k: 'logic' }): Value {
  const left = evaluate(frame, expr.left)
  if (expr.op === '??') return join(left, branchless(frame, expr.right))
  const right = branch(frame, expr.left, expr.op === '&&', expr.right)
  frame.state.merge([right.state], true)
  // `tainted && x` is x, or something falsy that carries nothing.
  const kept = expr.op === '&&' ? { ...left, labels: [], refs: [], constants: left.constants } : left
  return join(kept, right.value)
}

function branchless(frame: Frame, expr: Expr): Value {
  const base = frame.state
  frame.state = base.fork()
  const value = evaluate(frame, expr)
  const fork = frame.state
  frame.state = base
  base.merge([fork], true)
  return value
}

function evaluateInert(frame: Frame, expr: Expr & { k: 'inert' }): Value {
  for (const part of expr.parts) evaluate(frame, part)
  return UNKNOWN
}

function evaluateCompare(frame: Frame, expr: Expr & { k: 'compare' }): Value {
  evaluate(frame, expr.left)
  evaluate(frame, expr.right)
  return UNKNOWN
}

function evaluateAwait(frame: Frame, expr: Expr & { k: 'await' }): Value {
  const value = evaluate(frame, expr.value)
  throwTo(frame, rejected(frame, value), join)
  return awaited(frame, value)
}

function evaluateYield(frame: Frame, expr: Expr & { k: 'yield' }): Value {
  const value = expr.value === undefined ? EMPTY : evaluate(frame, expr.value)
  const given = expr.delegate ? { ...iterate(frame, { ...value, labels: [] }) } : value
  frame.yielded = join(frame.yielded, given)
  return UNKNOWN
}

function evaluateSequence(frame: Frame, expr: Expr & { k: 'sequence' }): Value {
  let last = EMPTY
  for (const item of expr.items) last = evaluate(frame, item)
  return last
}

function evaluateModule(frame: Frame, expr: Expr & { k: 'module' }): Value {
  const { module } = expr.ref
  const value =
    module === undefined
      ? exportedName(frame, { from: expr.ref, name: '*' })
      : required(frame, module, expr.isImport)
  if (!expr.isImport) return value
  const made = frame.world.heap.at(expr.id, { kind: 'promise' }, isTopLevel(frame))
  writeSlot(frame, made, '<await>', value)
  return ofRefs([made])
}

function required(
  frame: Frame,
  module: NonNullable<(Expr & { k: 'module' })['ref']['module']>,
  isImport: boolean,
): Value {
  const namespace = ofRefs([frame.world.heap.moduleOf(module)])
  if (isImport) return namespace
  return join(
    namespace,
    read(frame, ofRefs([frame.world.heap.at(module.id, { kind: 'object' }, true)]), 'exports'),
  )
}

function evaluateCast(frame: Frame, expr: Expr & { k: 'cast' }): Value {
  const value = evaluate(frame, expr.value)
  const typed = typedValue(frame, expr.type)
  return typed === undefined ? value : join(value, typed)
}

function evaluateTypeof(frame: Frame, expr: Expr & { k: 'typeof' | 'not' }): Value {
  evaluate(frame, expr.value)
  return UNKNOWN
}

const HANDLERS: Readonly<Record<Expr['k'], Handler>> = {
  const: on('const', (_frame, expr) => constant(expr.value)),
  regex: on('regex', (_frame, expr) => constant(`/${expr.source}/${expr.flags}`)),
  concat: on('concat', concat),
  inert: on('inert', evaluateInert),
  name: on('name', evaluateName),
  global: on('global', (frame, expr) => readGlobal(frame, expr.name)),
  this: on('this', evaluateThis),
  super: on('super', (frame, expr) =>
    expr.binding === undefined ? EMPTY : readBinding(frame, expr.binding),
  ),
  member: on('member', evaluateMember),
  index: on('index', evaluateIndex),
  call: on('call', evaluateCall),
  object: on('object', evaluateObject),
  array: on('array', evaluateArray),
  function: on('function', evaluateFunction),
  class: on('class', evaluateClass),
  assign: on('assign', evaluateAssign),
  choice: on('choice', evaluateChoice),
  logic: on('logic', evaluateLogic),
  compare: on('compare', evaluateCompare),
  not: on('not', (frame, expr) => evaluateTypeof(frame, expr as never)),
  typeof: on('typeof', (frame, expr) => evaluateTypeof(frame, expr)),
  await: on('await', evaluateAwait),
  yield: on('yield', evaluateYield),
  sequence: on('sequence', evaluateSequence),
  module: on('module', evaluateModule),
  cast: on('cast', evaluateCast),
  jsx: on('jsx', evaluateJsx),
}
