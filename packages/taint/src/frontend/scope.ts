import type { Binding, Func, Marks, Module, Span, TypeRef } from '../graph/index.ts'
import type { Lower, Reference, Scope } from './lower.ts'
import { freshId } from './lower.ts'

export function newBinding(name: string, owner: Func, type?: TypeRef): Binding {
  return { id: freshId(), name, owner, captured: false, fixed: undefined, import: undefined, type }
}

/** The name under which a class keeps its base for `super`; no program can write it. */
export const SUPER = '<super>'

export function childScope(parent: Scope | undefined, func: Func): Scope {
  return { names: new Map(), parent, func }
}

export function declare(lower: Lower, name: string, scope: Scope = lower.scope): Binding {
  const existing = scope.names.get(name)
  if (existing !== undefined) return existing
  const binding = newBinding(name, scope.func)
  scope.names.set(name, binding)
  return binding
}

export function lookup(scope: Scope | undefined, name: string): Binding | undefined {
  for (let at = scope; at !== undefined; at = at.parent) {
    const found = at.names.get(name)
    if (found !== undefined) return found
  }
  return undefined
}

export function refer(lower: Lower, binding: Binding, isCallee: boolean): void {
  if (binding.owner !== lower.func) lower.references.push({ func: lower.func, binding, isCallee })
}

export interface FuncShape {
  readonly name: string
  readonly span: Span
  readonly isAsync?: boolean
  readonly isGenerator?: boolean
  readonly isArrow?: boolean
  readonly isAbstract?: boolean
  readonly returnMarks?: Marks
  readonly returnType?: TypeRef | undefined
}

/** A function's activation owns the pseudo bindings of `this` and `arguments`. */
export function newFunc(shape: FuncShape, module: Module, parent: Func | undefined): Func {
  const placeholder: { self?: Binding; args?: Binding } = {}
  const func: Func = {
    id: freshId(),
    name: shape.name,
    module,
    span: shape.span,
    params: [],
    body: [],
    isAsync: shape.isAsync ?? false,
    isGenerator: shape.isGenerator ?? false,
    isArrow: shape.isArrow ?? false,
    isAbstract: shape.isAbstract ?? false,
    parent,
    captures: new Set(),
    refers: new Set(),
    get self() {
      return (placeholder.self ??= newBinding('this', func))
    },
    get argumentsBinding() {
      return (placeholder.args ??= newBinding('arguments', func))
    },
    returnMarks: shape.returnMarks ?? {},
    returnType: shape.returnType,
    guardOf: undefined,
    size: 0,
  }
  return func
}

/** The nearest function that has its own `this` and `arguments`. */
export function holderOfThis(func: Func): Func {
  let at = func
  while (at.isArrow && at.parent !== undefined) at = at.parent
  return at
}

/** Decides captures once a module is read: a function also captures what those it calls by name capture. */
export function settleCaptures(references: readonly Reference[], funcs: readonly Func[]): void {
  for (const { func, binding, isCallee } of references) {
    const target = binding.fixed
    if (isCallee && target !== undefined && 'params' in target) func.refers.add(target)
    else if (binding.owner.parent !== undefined) func.captures.add(binding)
  }
  while (funcs.filter(inheritAll).length > 0);
  for (const func of funcs) for (const binding of func.captures) binding.captured = true
}

/** True when the function, or the one around it, captures something new. */
function inheritAll(func: Func): boolean {
  let changed = func.parent !== undefined && inherit(func.parent, func)
  for (const callee of func.refers) changed = inherit(func, callee) || changed
  return changed
}

function inherit(into: Func, from: Func): boolean {
  let changed = false
  for (const binding of from.captures) {
    if (binding.owner === into || binding.owner.parent === undefined || into.captures.has(binding)) continue
    if (into.parent === undefined) continue
    into.captures.add(binding)
    changed = true
  }
  return changed
}
