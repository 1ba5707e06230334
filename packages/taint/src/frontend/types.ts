import type { Node } from 'typescript/unstable/ast'
import {
  SyntaxKind,
  isArrayTypeNode,
  isIdentifier,
  isInterfaceDeclaration,
  isIntersectionTypeNode,
  isParenthesizedTypeNode,
  isQualifiedName,
  isTypeAliasDeclaration,
  isTypeOperatorNode,
  isTypePredicateNode,
  isTypeReferenceNode,
  isExpressionWithTypeArguments,
  isPropertyAccessExpression,
  isUnionTypeNode,
} from 'typescript/unstable/ast'
import type { TypeRef } from '../graph/index.ts'
import type { Lower } from './lower.ts'
import { lookup } from './scope.ts'

/** A type alias that names itself, or a very deep one, is read no further than this. */
const MAX_ALIAS_DEPTH = 8

const INERT_KINDS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.NumberKeyword,
  SyntaxKind.BooleanKeyword,
  SyntaxKind.BigIntKeyword,
  SyntaxKind.VoidKeyword,
  SyntaxKind.NeverKeyword,
  SyntaxKind.UndefinedKeyword,
  SyntaxKind.SymbolKeyword,
  SyntaxKind.LiteralType,
  SyntaxKind.TypePredicate,
])

const INERT: TypeRef = { path: [], binding: undefined, arguments: [], inert: true }

export function lowerType(lower: Lower, node: Node | undefined, depth = 0): TypeRef | undefined {
  if (node === undefined || depth > MAX_ALIAS_DEPTH) return undefined
  if (INERT_KINDS.has(node.kind)) return INERT
  if (isParenthesizedTypeNode(node)) return lowerType(lower, node.type, depth)
  if (isTypeOperatorNode(node)) return lowerType(lower, node.type, depth)
  if (isArrayTypeNode(node)) return arrayOf(lowerType(lower, node.elementType, depth))
  if (isUnionTypeNode(node)) return lowerUnion(lower, [...node.types], depth)
  if (isIntersectionTypeNode(node)) return firstNamed(lower, [...node.types], depth)
  if (isTypeReferenceNode(node)) return lowerReference(lower, node.typeName, node.typeArguments, depth)
  if (isExpressionWithTypeArguments(node))
    return lowerReference(lower, node.expression, node.typeArguments, depth)
  return undefined
}

/** `x is T` and `asserts x is T` as written after a parameter list. */
export function lowerPredicate(
  lower: Lower,
  node: Node | undefined,
): { parameter: string; asserts: boolean; type: TypeRef | undefined } | undefined {
  if (node === undefined || !isTypePredicateNode(node)) return undefined
  const parameter = isIdentifier(node.parameterName) ? node.parameterName.text : 'this'
  return { parameter, asserts: node.assertsModifier !== undefined, type: lowerType(lower, node.type) }
}

function arrayOf(element: TypeRef | undefined): TypeRef {
  return {
    path: ['Array'],
    binding: undefined,
    arguments: element === undefined ? [] : [element],
    inert: element?.inert ?? false,
  }
}

function lowerUnion(lower: Lower, nodes: readonly Node[], depth: number): TypeRef | undefined {
  const types = nodes.map((node) => lowerType(lower, node, depth + 1))
  if (types.every((type) => type?.inert === true)) return INERT
  const named = types.filter((type) => type?.inert !== true)
  return named.length === 1 ? named[0] : undefined
}

function firstNamed(lower: Lower, nodes: readonly Node[], depth: number): TypeRef | undefined {
  for (const node of nodes) {
    const type = lowerType(lower, node, depth + 1)
    if (type !== undefined) return type
  }
  return undefined
}

function lowerReference(
  lower: Lower,
  name: Node,
  typeArguments: Iterable<Node> | undefined,
  depth: number,
): TypeRef | undefined {
  const path = namePath(name)
  const first = path[0]
  if (first === undefined) return undefined
  const alias = path.length === 1 ? lower.aliases.get(first) : undefined
  if (alias !== undefined) return lowerAlias(lower, alias, depth + 1)
  const binding = lookup(lower.scope, first)
  if (binding !== undefined && lower.enums.has(binding)) return INERT
  const args = [...(typeArguments ?? [])].map((node) => lowerType(lower, node, depth + 1))
  return {
    path,
    binding,
    arguments: args.map((type) => type ?? { path: [], binding: undefined, arguments: [], inert: false }),
    inert: false,
  }
}

function lowerAlias(lower: Lower, node: Node, depth: number): TypeRef | undefined {
  if (isTypeAliasDeclaration(node)) return lowerType(lower, node.type, depth)
  if (!isInterfaceDeclaration(node)) return undefined
  const base = node.heritageClauses?.[0]?.types[0]
  return base === undefined ? undefined : lowerType(lower, base, depth)
}

function namePath(node: Node): string[] {
  if (isIdentifier(node)) return [node.text]
  if (isQualifiedName(node)) return [...namePath(node.left), node.right.text]
  if (isPropertyAccessExpression(node)) return [...namePath(node.expression), node.name.text]
  return []
}
