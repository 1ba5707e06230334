import type { ElementAccessExpression, PropertyAccessExpression } from 'typescript/unstable/ast'
import { isPrivateIdentifier } from 'typescript/unstable/ast'
import type { Expr, LibraryType, Marks, Span } from '../graph/index.ts'
import { privateKey } from './lower-pattern.ts'
import type { Lower } from './lower.ts'

export function lowerMember(lower: Lower, node: PropertyAccessExpression, at: Span): Expr {
  const object = lower.expr(node.expression)
  const key = isPrivateIdentifier(node.name) ? privateKey(node.name.text) : node.name.text
  const member: Expr = { k: 'member', object, key, ...at }
  if (lower.libraryMembers.has(key) && !isRooted(object)) {
    const answer = (library: readonly LibraryType[]): void => void Object.assign(member, { library })
    lower.questions.push({ node: node.expression, answer })
  }
  if (lower.markedMembers.has(key)) {
    const answer = (marks: Marks): void => void Object.assign(member, { marks })
    lower.uses.push({ node: node.name, answer })
  }
  return member
}

/** What is imported, and what is ours, is followed without its type. */
function isRooted(object: Expr): boolean {
  return object.k === 'name'
    ? object.binding.import !== undefined
    : object.k === 'super' || object.k === 'module'
}

export function lowerElement(lower: Lower, node: ElementAccessExpression, at: Span): Expr {
  const object = lower.expr(node.expression)
  const index = lower.expr(node.argumentExpression)
  if (index.k === 'const' && (typeof index.value === 'string' || typeof index.value === 'number')) {
    return { k: 'member', object, key: String(index.value), ...at }
  }
  return { k: 'index', object, index, ...at }
}
