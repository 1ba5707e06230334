import type { Binding, ClassMember, Expr, ObjectMember } from '../graph/index.ts'
import type { Frame } from './frame.ts'
import { isTopLevel } from './frame.ts'
import { adopt, read, slot, textOf, write, writeSlot } from './heap-access.ts'
import { CONSTRUCTOR, INITIALIZER, RULES } from './hidden.ts'
import { writeMarked } from './marked.ts'
import { writeBinding } from './names.ts'
import { copyInto } from './natives.ts'
import type { Obj } from './object.ts'
import { checkOverrides } from './overrides.ts'
import { ELEMENT, PROTO } from './path.ts'
import { addSinks } from './sinks.ts'
import type { Label, Value } from './value.ts'
import { EMPTY, UNKNOWN, join, joinLabels, joinAll, ofRefs } from './value.ts'

export function evaluateFunction(frame: Frame, expr: Expr & { k: 'function' }): Value {
  const made = frame.world.heap.at(expr.id, { kind: 'function', func: expr.func }, isTopLevel(frame))
  for (const binding of expr.func.captures)
    writeSlot(frame, made, `@${binding.id}`, ofRefs([frame.cell(binding)]))
  if (!frame.created.has(made)) frame.created.set(made, EMPTY)
  return ofRefs([made])
}

export function evaluateObject(frame: Frame, expr: Expr & { k: 'object' }): Value {
  const made = frame.world.heap.at(expr.id, { kind: 'object' }, isTopLevel(frame))
  const labels = fill(frame, made, expr.members)
  return labels.length === 0 ? ofRefs([made]) : { ...ofRefs([made]), labels }
}

function fill(frame: Frame, made: Obj, members: readonly ObjectMember[]): readonly Label[] {
  let labels: readonly Label[] = []
  const self = ofRefs([made])
  for (const member of members) {
    const value = frame.eval(member.value)
    if (member.kind === 'spread') {
      copyInto(frame, value, self)
      labels = joinLabels(labels, value.labels)
      continue
    }
    const key = keyOf(frame, member.key)
    if (member.kind === 'field') writeMarked(frame, value, key ?? '', member.marks, member.value)
    const isAccessor = member.kind !== 'field'
    if (isAccessor) writeSlot(frame, made, `${member.kind}:${key ?? ''}`, value)
    else
      writeSlot(
        frame,
        made,
        key ?? ELEMENT,
        key === undefined ? join(slot(frame, made, ELEMENT), value) : value,
      )
    adopt(frame, value, made)
  }
  return labels
}

function keyOf(frame: Frame, key: string | Expr): string | undefined {
  if (typeof key === 'string') return key
  const found = frame.eval(key)
  return found.constants?.length === 1 && found.labels.length === 0 ? String(found.constants[0]) : undefined
}

export function evaluateClass(frame: Frame, expr: Expr & { k: 'class' }): Value {
  const { cls } = expr
  const global = isTopLevel(frame)
  const made = frame.world.heap.at(expr.id, { kind: 'class', cls }, global)
  const prototype = frame.world.heap.at(expr.id + 0.5, { kind: 'object' }, global)
  writeSlot(frame, made, 'prototype', ofRefs([prototype]))
  writeSlot(frame, prototype, 'constructor', ofRefs([made]))
  if (cls.extends !== undefined) {
    const base = frame.eval(cls.extends)
    checkOverrides(frame, cls, base)
    extend(frame, made, prototype, base, cls.base)
  }
  if (cls.construct !== undefined)
    writeSlot(frame, made, CONSTRUCTOR, closure(frame, expr.id + 0.25, cls.construct, expr))
  for (const member of cls.members) addMember(frame, made, prototype, member)
  for (const block of cls.statics) {
    const value = closure(frame, block.id + 0.25, block, expr)
    frame.invoke(value, {
      id: block.id + 0.75,
      module: frame.func.module,
      span: expr,
      args: [],
      thisValue: ofRefs([made]),
      isNew: false,
      name: 'static',
    })
  }
  if (!frame.created.has(made)) frame.created.set(made, EMPTY)
  return ofRefs([made])
}

function closure(frame: Frame, id: number, func: (Expr & { k: 'function' })['func'], at: Expr): Value {
  return evaluateFunction(frame, { k: 'function', id, func, start: at.start, end: at.end })
}

function extend(frame: Frame, made: Obj, prototype: Obj, base: Value, binding: Binding | undefined): void {
  if (binding !== undefined) writeBinding(frame, binding, base)
  writeSlot(frame, made, PROTO, base)
  writeSlot(frame, prototype, PROTO, read(frame, base, 'prototype'))
}

function addMember(frame: Frame, made: Obj, prototype: Obj, member: ClassMember): void {
  const key = keyOf(frame, member.key)
  if (key === undefined) return
  if (member.kind === 'field' && member.decorators.length > 0)
    writeSlot(frame, made, `${RULES}${key}`, joinAll(member.decorators.map((one) => frame.eval(one))))
  if (member.value === undefined) return
  const value = frame.eval(member.value)
  const holder = member.isStatic ? made : prototype
  if (member.kind === 'field') {
    for (const one of value.refs) frame.invoked.add(one)
    if (!member.isStatic) writeSlot(frame, made, `${INITIALIZER}${key}`, value)
    else {
      const call = {
        id: made.id * 64 + member.span.start + 0.5,
        module: frame.func.module,
        span: member.span,
        args: [],
        thisValue: ofRefs([made]),
        isNew: false,
        name: key,
      }
      write(frame, ofRefs([made]), key, frame.invoke(value, call).value)
    }
    return
  }
  writeSlot(frame, holder, member.kind === 'method' ? key : `${member.kind}:${key}`, value)
  adopt(frame, value, holder)
}

const HTML = 'dangerouslySetInnerHTML'

export function evaluateJsx(frame: Frame, expr: Expr & { k: 'jsx' }): Value {
  const props = frame.world.heap.at(expr.id, { kind: 'object' }, isTopLevel(frame))
  fill(frame, props, expr.attributes)
  const children = expr.children.map((child) => frame.eval(child))
  if (expr.children.length > 0) writeSlot(frame, props, 'children', children.reduce(join, EMPTY))
  if (typeof expr.tag === 'string') {
    const markup = read(frame, slot(frame, props, HTML), '__html')
    addSinks(frame, textOf(frame, markup), {
      module: frame.func.module,
      span: expr,
      kind: 'html',
      parameter: '__html',
      callee: HTML,
      isParameter: false,
    })
    return UNKNOWN
  }
  const call = {
    id: expr.id + 0.5,
    module: frame.func.module,
    span: expr,
    args: [{ value: ofRefs([props]), spread: false }],
    thisValue: UNKNOWN,
    isNew: false,
    name: 'component',
  }
  return frame.invoke(frame.eval(expr.tag), call).value
}
