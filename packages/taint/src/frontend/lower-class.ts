import type {
  ClassDeclaration,
  ClassExpression,
  ClassStaticBlockDeclaration,
  Node,
} from 'typescript/unstable/ast'
import {
  SyntaxKind,
  isClassStaticBlockDeclaration,
  isConstructorDeclaration,
  isGetAccessorDeclaration,
  isMethodDeclaration,
  isPropertyDeclaration,
  isSetAccessorDeclaration,
} from 'typescript/unstable/ast'
import type { ClassIr, ClassMember, Expr, Func } from '../graph/index.ts'
import { decoratorsOf } from './lower-function.ts'
import { lowerKey } from './lower-pattern.ts'
import type { Lower } from './lower.ts'
import { freshId, span } from './lower.ts'
import { marksOf } from './marks.ts'
import { SUPER, childScope, declare, newFunc } from './scope.ts'

export function lowerClass(lower: Lower, node: ClassDeclaration | ClassExpression): ClassIr {
  const outer = lower.scope
  lower.scope = childScope(outer, lower.func)
  const name = node.name?.text ?? 'default'
  const isExpression = node.kind === SyntaxKind.ClassExpression
  const own = isExpression && node.name !== undefined ? declare(lower, name) : undefined
  const heritage = [...(node.heritageClauses ?? [])].find(
    ({ token: keyword }) => keyword === SyntaxKind.ExtendsKeyword,
  )?.types[0]
  const base = heritage === undefined ? undefined : declare(lower, SUPER)
  const extended = heritage === undefined ? undefined : lower.expr(heritage.expression)
  const { construct, members, statics } = lowerMembers(lower, node, name)
  const cls: ClassIr = {
    id: freshId(),
    name,
    module: lower.module,
    span: span(node, lower),
    extends: extended,
    base,
    construct,
    members,
    decorators: decoratorsOf(lower, node),
    statics,
  }
  if (own !== undefined) own.fixed = cls
  lower.scope = outer
  return cls
}

interface Members {
  readonly construct: Func | undefined
  readonly members: readonly ClassMember[]
  readonly statics: readonly Func[]
}

function lowerMembers(lower: Lower, node: ClassDeclaration | ClassExpression, name: string): Members {
  let construct: Func | undefined
  const members: ClassMember[] = []
  const statics: Func[] = []
  for (const one of node.members) {
    if (isConstructorDeclaration(one)) {
      const func = lower.function(one, name)
      if (!func.isAbstract) construct = func
    } else if (isClassStaticBlockDeclaration(one)) statics.push(staticBlock(lower, one))
    else members.push(...lowerMember(lower, one))
  }
  return { construct, members, statics }
}

function staticBlock(lower: Lower, node: ClassStaticBlockDeclaration): Func {
  return lower.function(node, 'static')
}

function lowerMember(lower: Lower, node: Node): ClassMember[] {
  if (isMethodDeclaration(node)) return member(lower, node, 'method')
  if (isGetAccessorDeclaration(node)) return member(lower, node, 'get')
  if (isSetAccessorDeclaration(node)) return member(lower, node, 'set')
  return isPropertyDeclaration(node) ? [field(lower, node)] : []
}

type Described = Node & {
  readonly name: Node
  readonly modifiers?: Iterable<Node>
  readonly body?: Node
  readonly type?: Node
  readonly initializer?: Node
}

function describe(lower: Lower, node: Described): Omit<ClassMember, 'kind' | 'value'> {
  return {
    key: lowerKey(lower, node.name),
    isStatic: [...(node.modifiers ?? [])].some((modifier) => modifier.kind === SyntaxKind.StaticKeyword),
    type: lower.type(node.type),
    marks: marksOf(lower, node),
    decorators: decoratorsOf(lower, node),
    span: span(node, lower),
  }
}

function member(lower: Lower, node: Described, kind: 'method' | 'get' | 'set'): ClassMember[] {
  if (node.body === undefined) return []
  const value: Expr = { k: 'function', id: freshId(), func: lower.function(node), ...span(node, lower) }
  return [{ ...describe(lower, node), kind, value }]
}

/** An initializer runs as a small function of its own, so that its `this` is the instance. */
function field(lower: Lower, node: Described): ClassMember {
  const described = describe(lower, node)
  if (node.initializer === undefined) return { ...described, kind: 'field', value: undefined }
  const func = newFunc({ name: 'field', span: described.span }, lower.module, lower.func)
  const outer = { func: lower.func, scope: lower.scope }
  lower.func = func
  lower.scope = childScope(outer.scope, func)
  const value = lower.expr(node.initializer)
  lower.func = outer.func
  lower.scope = outer.scope
  func.body = [{ k: 'return', value, ...described.span }]
  lower.funcs.push(func)
  return { ...described, kind: 'field', value: { k: 'function', id: freshId(), func, ...described.span } }
}
