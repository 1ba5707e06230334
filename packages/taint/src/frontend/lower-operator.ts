import type { BinaryExpression, Node, PrefixUnaryExpression } from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import type { AssignOp, CompareOp, Expr, Span } from '../graph/index.ts'
import type { Lower } from './lower.ts'

const ASSIGN: ReadonlyMap<SyntaxKind, AssignOp> = new Map([
  [SyntaxKind.EqualsToken, '='],
  [SyntaxKind.PlusEqualsToken, '+='],
  [SyntaxKind.BarBarEqualsToken, '||='],
  [SyntaxKind.AmpersandAmpersandEqualsToken, '&&='],
  [SyntaxKind.QuestionQuestionEqualsToken, '??='],
])

const LOGIC: ReadonlyMap<SyntaxKind, '&&' | '||' | '??'> = new Map([
  [SyntaxKind.AmpersandAmpersandToken, '&&'],
  [SyntaxKind.BarBarToken, '||'],
  [SyntaxKind.QuestionQuestionToken, '??'],
])

const COMPARE: ReadonlyMap<SyntaxKind, CompareOp> = new Map([
  [SyntaxKind.EqualsEqualsToken, '=='],
  [SyntaxKind.ExclamationEqualsToken, '!='],
  [SyntaxKind.EqualsEqualsEqualsToken, '==='],
  [SyntaxKind.ExclamationEqualsEqualsToken, '!=='],
  [SyntaxKind.LessThanToken, '<'],
  [SyntaxKind.GreaterThanToken, '>'],
  [SyntaxKind.LessThanEqualsToken, '<='],
  [SyntaxKind.GreaterThanEqualsToken, '>='],
  [SyntaxKind.InKeyword, 'in'],
  [SyntaxKind.InstanceOfKeyword, 'instanceof'],
])

export function lowerBinary(lower: Lower, node: BinaryExpression, at: Span): Expr {
  const operator = node.operatorToken.kind
  if (operator >= SyntaxKind.FirstAssignment && operator <= SyntaxKind.LastAssignment) {
    const op = ASSIGN.get(operator) ?? 'inert'
    const value = lower.expr(node.right)
    return { k: 'assign', op, target: lower.pattern(node.left), value, ...at }
  }
  const left = lower.expr(node.left)
  const right = lower.expr(node.right)
  if (operator === SyntaxKind.PlusToken)
    return { k: 'concat', parts: left.k === 'concat' ? [...left.parts, right] : [left, right], ...at }
  if (operator === SyntaxKind.CommaToken) return { k: 'sequence', items: [left, right], ...at }
  const logic = LOGIC.get(operator)
  if (logic !== undefined) return { k: 'logic', op: logic, left, right, ...at }
  const compare = COMPARE.get(operator)
  if (compare !== undefined) return { k: 'compare', op: compare, left, right, ...at }
  return { k: 'inert', parts: [left, right], ...at }
}

export function lowerPrefix(lower: Lower, node: PrefixUnaryExpression, at: Span): Expr {
  const value = lower.expr(node.operand)
  if (node.operator === SyntaxKind.ExclamationToken) return { k: 'not', value, ...at }
  if (node.operator === SyntaxKind.MinusToken && value.k === 'const' && typeof value.value === 'number') {
    return { k: 'const', value: -value.value, ...at }
  }
  if (node.operator === SyntaxKind.PlusPlusToken || node.operator === SyntaxKind.MinusMinusToken)
    return increment(lower, node.operand, at)
  return { k: 'inert', parts: [value], ...at }
}

/** `++x` leaves a number in x: whatever it held is gone. */
export function increment(lower: Lower, operand: Node, at: Span): Expr {
  const value: Expr = { k: 'inert', parts: [lower.expr(operand)], ...at }
  return { k: 'assign', op: '=', target: lower.pattern(operand), value, ...at }
}
