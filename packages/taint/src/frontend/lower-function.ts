import type { Block, Expression, Node, ParameterDeclaration, TypeNode } from 'typescript/unstable/ast'
import {
  SyntaxKind,
  isBlock,
  isConstructorDeclaration,
  isDecorator,
  isIdentifier,
} from 'typescript/unstable/ast'
import type { Expr, Func, LibraryType, Marks, Param, Pattern, Stmt } from '../graph/index.ts'
import { declareNames, declarePattern, declareVars } from './declarations.ts'
import type { Lower } from './lower.ts'
import { span } from './lower.ts'
import { ALL_KINDS, kindsIn, marksOf, marksOfType, parameterMarks, returnMarks } from './marks.ts'
import { childScope, declare, newFunc } from './scope.ts'
import { lowerPredicate } from './types.ts'

/** The parts that every function-like node may have. */
interface FunctionNode {
  readonly name?: Node | undefined
  readonly parameters?: Iterable<ParameterDeclaration>
  readonly type?: TypeNode
  readonly body?: Block | Expression
  readonly asteriskToken?: Node
  readonly modifiers?: Iterable<Node>
}

/** Lowers a function-like node. Its scope holds parameters and `var` names; its body's own block the rest. */
export function lowerFunction(lower: Lower, node: Node & FunctionNode, name?: string): Func {
  const modifiers = new Set([...(node.modifiers ?? [])].map((modifier) => modifier.kind))
  const parameters = [...(node.parameters ?? [])]
  const names = new Set(parameters.map((parameter) => parameter.name.getText(lower.source)))
  const func = newFunc(
    {
      name: name ?? nameOf(node, lower),
      span: span(node, lower),
      isAsync: modifiers.has(SyntaxKind.AsyncKeyword),
      isGenerator: node.asteriskToken !== undefined,
      isArrow: node.kind === SyntaxKind.ArrowFunction,
      isAbstract: node.body === undefined,
      returnMarks: {
        ...returnMarks(lower, node, names),
        ...marksOfType(lower.type(node.type), () => [ALL_KINDS]),
      },
      returnType: lower.type(node.type),
    },
    lower.module,
    lower.func,
  )
  Object.assign(func, { guardOf: lowerPredicate(lower, node.type) })
  const outer = { scope: lower.scope, func: lower.func }
  lower.func = func
  lower.scope = childScope(outer.scope, func)
  try {
    if (node.kind === SyntaxKind.FunctionExpression && node.name !== undefined && isIdentifier(node.name)) {
      declare(lower, node.name.text).fixed = func
    }
    fill(lower, func, node, parameters, names)
  } finally {
    lower.scope = outer.scope
    lower.func = outer.func
  }
  lower.funcs.push(func)
  return func
}

function nameOf(node: FunctionNode, lower: Lower): string {
  if (node.name !== undefined) return node.name.getText(lower.source)
  return 'default'
}

function fill(
  lower: Lower,
  func: Func,
  node: Node & FunctionNode,
  parameters: readonly ParameterDeclaration[],
  names: ReadonlySet<string>,
): void {
  for (const parameter of parameters) declarePattern(lower, parameter.name)
  if (node.body !== undefined) declareVars(lower, node.body)
  const own = parameters.filter((parameter) => parameter.name.getText(lower.source) !== 'this')
  for (const parameter of own) func.params.push(lowerParameter(lower, node, parameter, names))
  const properties = isConstructorDeclaration(node)
    ? own.flatMap((parameter) => parameterProperty(lower, parameter))
    : []
  func.body = [...properties, ...lowerBody(lower, node.body)]
}

function lowerBody(lower: Lower, body: Block | Expression | undefined): Stmt[] {
  if (body === undefined) return []
  if (!isBlock(body)) return [{ k: 'return', value: lower.expr(body), ...span(body, lower) }]
  const outer = lower.scope
  lower.scope = childScope(outer, lower.func)
  declareNames(lower, body.statements)
  const statements = lower.statements(body.statements)
  lower.scope = outer
  return statements
}

function lowerParameter(
  lower: Lower,
  owner: Node,
  node: ParameterDeclaration,
  names: ReadonlySet<string>,
): Param {
  const name = node.name.getText(lower.source)
  const target = lower.pattern(node.name)
  const type = lower.type(node.type)
  const at = span(node, lower)
  const pattern: Pattern =
    node.initializer === undefined
      ? target
      : { k: 'default', target, value: lower.expr(node.initializer), ...at }
  if (target.k === 'bind' && type !== undefined) Object.assign(target.binding, { type })
  const param: Param = {
    name,
    pattern,
    rest: node.dotDotDotToken !== undefined,
    type,
    marks: {
      ...marksOf(lower, node),
      ...parameterMarks(lower, owner, name, names),
      ...typeMarks(lower, node),
    },
    decorators: decoratorsOf(lower, node),
    span: at,
  }
  if (type === undefined && isTakenApart(lower, target)) {
    const answer = (library: readonly LibraryType[]): void => void Object.assign(param, { library })
    lower.questions.push({ node: node.name, answer })
  }
  return param
}

/** `({ query }) => ...`: what is taken is a member of a library's type, perhaps. */
function isTakenApart(lower: Lower, target: Pattern): boolean {
  if (target.k !== 'fields') return false
  return target.fields.some(({ key }) => typeof key === 'string' && lower.libraryMembers.has(key))
}

function typeMarks(lower: Lower, node: ParameterDeclaration): Marks {
  const written = node.type
  if (written === undefined) return {}
  return marksOfType(lower.type(written), () => kindsIn(written.getText(lower.source)))
}

export function decoratorsOf(lower: Lower, node: { readonly modifiers?: Iterable<Node> }): Expr[] {
  return [...(node.modifiers ?? [])].filter(isDecorator).map((decorator) => lower.expr(decorator.expression))
}

const PROPERTY_MODIFIERS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.PublicKeyword,
  SyntaxKind.PrivateKeyword,
  SyntaxKind.ProtectedKeyword,
  SyntaxKind.ReadonlyKeyword,
])

/** `constructor(private pool: Pool)` also assigns `this.pool`. */
function parameterProperty(lower: Lower, node: ParameterDeclaration): Stmt[] {
  const isProperty = [...(node.modifiers ?? [])].some((modifier) => PROPERTY_MODIFIERS.has(modifier.kind))
  if (!isProperty || !isIdentifier(node.name)) return []
  const at = span(node, lower)
  const place: Expr = {
    k: 'member',
    object: { k: 'this', self: undefined, ...at },
    key: node.name.text,
    ...at,
  }
  const value = lower.expr(node.name)
  return [
    { k: 'expr', value: { k: 'assign', op: '=', target: { k: 'place', place, ...at }, value, ...at }, ...at },
  ]
}
