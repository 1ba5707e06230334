import type {
  ArrayLiteralExpression,
  AsExpression,
  AwaitExpression,
  CallExpression,
  ConditionalExpression,
  DeleteExpression,
  Expression,
  Identifier,
  JsxElement,
  JsxFragment,
  JsxSelfClosingElement,
  NewExpression,
  Node,
  NumericLiteral,
  ObjectLiteralExpression,
  ParenthesizedExpression,
  PostfixUnaryExpression,
  RegularExpressionLiteral,
  StringLiteral,
  TaggedTemplateExpression,
  TemplateExpression,
  TypeOfExpression,
  VoidExpression,
  YieldExpression,
} from 'typescript/unstable/ast'
import {
  SyntaxKind,
  isIdentifier,
  isImportExpression,
  isSpreadElement,
  isStringLiteralLikeNode,
  isTemplateExpression,
} from 'typescript/unstable/ast'
import type { Arg, Expr, Span } from '../graph/index.ts'
import { lowerJsx } from './lower-jsx.ts'
import { lowerElement, lowerMember } from './lower-member.ts'
import { lowerObject } from './lower-object.ts'
import { increment, lowerBinary, lowerPrefix } from './lower-operator.ts'
import type { Lower } from './lower.ts'
import { freshId, span } from './lower.ts'
import { SUPER, holderOfThis, lookup, refer } from './scope.ts'

type Handler = (lower: Lower, node: Node, at: Span) => Expr

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- ties a handler to its node type
function on<T extends Node>(handle: (lower: Lower, node: T, at: Span) => Expr): Handler {
  return (lower, node, at) => handle(lower, node as T, at)
}

export function lowerExpression(lower: Lower, node: Node): Expr {
  const handler = HANDLERS.get(node.kind)
  lower.func.size += 1
  if (handler !== undefined) return handler(lower, node, span(node, lower))
  return { k: 'const', value: undefined, ...span(node, lower) }
}

function lowerName(lower: Lower, name: string, at: Span, isCallee = false): Expr {
  if (name === 'undefined') return { k: 'const', value: undefined, ...at }
  const binding = lookup(lower.scope, name)
  if (binding !== undefined) {
    refer(lower, binding, isCallee)
    return { k: 'name', binding, ...at }
  }
  if (name === 'arguments' && lower.func.parent !== undefined) {
    const own = holderOfThis(lower.func).argumentsBinding
    refer(lower, own, false)
    return { k: 'name', binding: own, ...at }
  }
  return { k: 'global', name, ...at }
}

function lowerThis(lower: Lower, _node: Node, at: Span): Expr {
  const holder = holderOfThis(lower.func)
  if (holder === lower.func) return { k: 'this', self: undefined, ...at }
  refer(lower, holder.self, false)
  return { k: 'this', self: holder.self, ...at }
}

function lowerSuper(lower: Lower, node: Node, at: Span): Expr {
  lowerThis(lower, node, at)
  const binding = lookup(lower.scope, SUPER)
  if (binding !== undefined) refer(lower, binding, false)
  return { k: 'super', binding, ...at }
}

function lowerCallee(lower: Lower, node: Expression): Expr {
  if (isIdentifier(node)) return lowerName(lower, node.text, span(node, lower), true)
  return lower.expr(node)
}

function lowerArgs(lower: Lower, nodes: Iterable<Node>): Arg[] {
  const args: Arg[] = []
  for (const node of nodes) {
    if (isSpreadElement(node)) args.push({ value: lower.expr(node.expression), spread: true })
    else args.push({ value: lower.expr(node), spread: false })
  }
  return args
}

function lowerCall(lower: Lower, node: CallExpression, at: Span): Expr {
  const first = node.arguments[0]
  if (first !== undefined && isStringLiteralLikeNode(first)) {
    const isRequire =
      isIdentifier(node.expression) &&
      node.expression.text === 'require' &&
      lookup(lower.scope, 'require') === undefined
    const isImport = isImportExpression(node.expression)
    if (isRequire || isImport)
      return { k: 'module', ref: lower.moduleRef(first.text, first), isImport, id: freshId(), ...at }
  }
  const kinds = node.typeArguments === undefined ? undefined : literalKinds(node.typeArguments, lower)
  const call = {
    k: 'call',
    id: freshId(),
    callee: lowerCallee(lower, node.expression),
    args: lowerArgs(lower, node.arguments),
    isNew: false,
    ...at,
  } as const
  return kinds === undefined ? call : { ...call, kinds }
}

/** The literal types of `untaint<'sql'>(value)`. */
function literalKinds(types: Iterable<Node>, lower: Lower): readonly string[] | undefined {
  const kinds: string[] = []
  for (const type of types)
    for (const [, kind = ''] of type.getText(lower.source).matchAll(/['"]([\w-]+)['"]/g)) kinds.push(kind)
  return kinds.length === 0 ? undefined : kinds
}

function lowerNew(lower: Lower, node: NewExpression, at: Span): Expr {
  const args = lowerArgs(lower, node.arguments ?? [])
  return { k: 'call', id: freshId(), callee: lower.expr(node.expression), args, isNew: true, ...at }
}

function lowerTagged(lower: Lower, node: TaggedTemplateExpression, at: Span): Expr {
  const strings: Arg[] = []
  const values: Arg[] = []
  if (isTemplateExpression(node.template)) {
    strings.push(constantArg(node.template.head.text, span(node.template.head, lower)))
    for (const part of node.template.templateSpans) {
      values.push({ value: lower.expr(part.expression), spread: false })
      strings.push(constantArg(part.literal.text, span(part.literal, lower)))
    }
  } else strings.push(constantArg(node.template.text, span(node.template, lower)))
  const pieces: Expr = { k: 'array', id: freshId(), items: strings, ...span(node.template, lower) }
  const args = [{ value: pieces, spread: false }, ...values]
  return {
    k: 'call',
    id: freshId(),
    callee: lowerCallee(lower, node.tag),
    args,
    isNew: false,
    kinds: ['tagged'],
    ...at,
  }
}

function constantArg(value: string, at: Span): Arg {
  return { value: { k: 'const', value, ...at }, spread: false }
}

function lowerTemplate(lower: Lower, node: TemplateExpression, at: Span): Expr {
  const parts: Expr[] = [{ k: 'const', value: node.head.text, ...span(node.head, lower) }]
  for (const part of node.templateSpans) {
    parts.push(lower.expr(part.expression), {
      k: 'const',
      value: part.literal.text,
      ...span(part.literal, lower),
    })
  }
  return { k: 'concat', parts, ...at }
}

function inert(lower: Lower, value: Node, at: Span): Expr {
  return { k: 'inert', parts: [lower.expr(value)], ...at }
}

function constant(value: string | number | boolean | null | undefined): Handler {
  return (_lower, _node, at) => ({ k: 'const', value, ...at })
}

function lowerRegex(_lower: Lower, node: RegularExpressionLiteral, at: Span): Expr {
  const end = node.text.lastIndexOf('/')
  return { k: 'regex', source: node.text.slice(1, end), flags: node.text.slice(end + 1), ...at }
}

function lowerFunctionExpression(lower: Lower, node: Node, at: Span): Expr {
  return { k: 'function', id: freshId(), func: lower.function(node), ...at }
}

const passThrough = on<ParenthesizedExpression>((lower, node) => lower.expr(node.expression))

const HANDLERS: ReadonlyMap<SyntaxKind, Handler> = new Map<SyntaxKind, Handler>([
  [SyntaxKind.Identifier, on<Identifier>((lower, node, at) => lowerName(lower, node.text, at))],
  [SyntaxKind.ThisKeyword, lowerThis],
  [SyntaxKind.SuperKeyword, lowerSuper],
  [
    SyntaxKind.StringLiteral,
    on<StringLiteral>((_lower, node, at) => ({ k: 'const', value: node.text, ...at })),
  ],
  [
    SyntaxKind.NoSubstitutionTemplateLiteral,
    on<StringLiteral>((_lower, node, at) => ({ k: 'const', value: node.text, ...at })),
  ],
  [
    SyntaxKind.NumericLiteral,
    on<NumericLiteral>((_lower, node, at) => ({ k: 'const', value: Number(node.text), ...at })),
  ],
  [SyntaxKind.TrueKeyword, constant(true)],
  [SyntaxKind.FalseKeyword, constant(false)],
  [SyntaxKind.NullKeyword, constant(null)],
  [SyntaxKind.BigIntLiteral, constant(0)],
  [SyntaxKind.RegularExpressionLiteral, on(lowerRegex)],
  [SyntaxKind.TemplateExpression, on(lowerTemplate)],
  [SyntaxKind.TaggedTemplateExpression, on(lowerTagged)],
  [SyntaxKind.CallExpression, on(lowerCall)],
  [SyntaxKind.NewExpression, on(lowerNew)],
  [SyntaxKind.PropertyAccessExpression, on(lowerMember)],
  [SyntaxKind.ElementAccessExpression, on(lowerElement)],
  [SyntaxKind.BinaryExpression, on(lowerBinary)],
  [SyntaxKind.PrefixUnaryExpression, on(lowerPrefix)],
  [
    SyntaxKind.PostfixUnaryExpression,
    on<PostfixUnaryExpression>((lower, node, at) => increment(lower, node.operand, at)),
  ],
  [
    SyntaxKind.ConditionalExpression,
    on<ConditionalExpression>((lower, node, at) => ({
      k: 'choice',
      test: lower.expr(node.condition),
      yes: lower.expr(node.whenTrue),
      no: lower.expr(node.whenFalse),
      ...at,
    })),
  ],
  [SyntaxKind.ParenthesizedExpression, passThrough],
  [SyntaxKind.NonNullExpression, passThrough],
  [SyntaxKind.SatisfiesExpression, passThrough],
  [SyntaxKind.ExpressionWithTypeArguments, passThrough],
  [SyntaxKind.AsExpression, on(lowerCast)],
  [SyntaxKind.TypeAssertionExpression, on(lowerCast)],
  [
    SyntaxKind.ObjectLiteralExpression,
    on<ObjectLiteralExpression>((lower, node, at) => lowerObject(lower, node, at)),
  ],
  [
    SyntaxKind.ArrayLiteralExpression,
    on<ArrayLiteralExpression>((lower, node, at) => ({
      k: 'array',
      id: freshId(),
      items: lowerArgs(lower, node.elements),
      ...at,
    })),
  ],
  [SyntaxKind.ArrowFunction, lowerFunctionExpression],
  [SyntaxKind.FunctionExpression, lowerFunctionExpression],
  [
    SyntaxKind.ClassExpression,
    (lower, node, at) => ({ k: 'class', id: freshId(), cls: lower.classOf(node), ...at }),
  ],
  [
    SyntaxKind.AwaitExpression,
    on<AwaitExpression>((lower, node, at) => ({
      k: 'await',
      id: freshId(),
      value: lower.expr(node.expression),
      ...at,
    })),
  ],
  [
    SyntaxKind.YieldExpression,
    on<YieldExpression>((lower, node, at) => ({
      k: 'yield',
      value: node.expression === undefined ? undefined : lower.expr(node.expression),
      delegate: node.asteriskToken !== undefined,
      ...at,
    })),
  ],
  [
    SyntaxKind.TypeOfExpression,
    on<TypeOfExpression>((lower, node, at) => ({ k: 'typeof', value: lower.expr(node.expression), ...at })),
  ],
  [SyntaxKind.VoidExpression, on<VoidExpression>((lower, node, at) => inert(lower, node.expression, at))],
  [SyntaxKind.DeleteExpression, on<DeleteExpression>((lower, node, at) => inert(lower, node.expression, at))],
  [SyntaxKind.JsxElement, on<JsxElement>((lower, node, at) => lowerJsx(lower, node, at))],
  [
    SyntaxKind.JsxSelfClosingElement,
    on<JsxSelfClosingElement>((lower, node, at) => lowerJsx(lower, node, at)),
  ],
  [SyntaxKind.JsxFragment, on<JsxFragment>((lower, node, at) => lowerJsx(lower, node, at))],
])

function lowerCast(lower: Lower, node: AsExpression, at: Span): Expr {
  const type = lower.type(node.type)
  const value = lower.expr(node.expression)
  return type === undefined ? value : { k: 'cast', value, type, ...at }
}
