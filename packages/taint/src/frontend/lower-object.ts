import type { Node, ObjectLiteralExpression } from 'typescript/unstable/ast'
import {
  isGetAccessorDeclaration,
  isMethodDeclaration,
  isPropertyAssignment,
  isSetAccessorDeclaration,
  isShorthandPropertyAssignment,
  isSpreadAssignment,
} from 'typescript/unstable/ast'
import type { Expr, Marks, ObjectMember, Span } from '../graph/index.ts'
import { lowerKey } from './lower-pattern.ts'
import type { Lower } from './lower.ts'
import { freshId, span } from './lower.ts'

export function lowerObject(lower: Lower, node: ObjectLiteralExpression, at: Span): Expr {
  const members: ObjectMember[] = []
  for (const property of node.properties) {
    const member = lowerMember(lower, property)
    if (member === undefined) continue
    members.push(member)
    if (member.kind === 'field' && typeof member.key === 'string' && lower.markedMembers.has(member.key)) {
      const answer = (marks: Marks): void => void Object.assign(member, { marks })
      lower.uses.push({ node, name: member.key, answer })
    }
  }
  return { k: 'object', id: freshId(), members, ...at }
}

function lowerMember(lower: Lower, node: Node): ObjectMember | undefined {
  if (isPropertyAssignment(node))
    return { kind: 'field', key: lowerKey(lower, node.name), value: lower.expr(node.initializer) }
  if (isShorthandPropertyAssignment(node))
    return { kind: 'field', key: node.name.getText(lower.source), value: lower.expr(node.name) }
  if (isSpreadAssignment(node)) return { kind: 'spread', value: lower.expr(node.expression) }
  if (isMethodDeclaration(node))
    return { kind: 'field', key: lowerKey(lower, node.name), value: method(lower, node) }
  if (isGetAccessorDeclaration(node))
    return { kind: 'get', key: lowerKey(lower, node.name), value: method(lower, node) }
  if (isSetAccessorDeclaration(node))
    return { kind: 'set', key: lowerKey(lower, node.name), value: method(lower, node) }
  return undefined
}

function method(lower: Lower, node: Node): Expr {
  return { k: 'function', id: freshId(), func: lower.function(node), ...span(node, lower) }
}
