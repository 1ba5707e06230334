import type { JsxElement, JsxFragment, JsxSelfClosingElement, Node } from 'typescript/unstable/ast'
import {
  isIdentifier,
  isJsxAttribute,
  isJsxElement,
  isJsxExpression,
  isJsxFragment,
  isJsxSelfClosingElement,
  isJsxSpreadAttribute,
} from 'typescript/unstable/ast'
import type { Expr, ObjectMember, Span } from '../graph/index.ts'
import type { Lower } from './lower.ts'
import { freshId } from './lower.ts'

export function lowerJsx(
  lower: Lower,
  node: JsxElement | JsxSelfClosingElement | JsxFragment,
  at: Span,
): Expr {
  const children = isJsxSelfClosingElement(node)
    ? []
    : [...node.children].flatMap((child) => lowerChild(lower, child))
  if (isJsxFragment(node)) return { k: 'jsx', id: freshId(), tag: '', attributes: [], children, ...at }
  const opening = isJsxElement(node) ? node.openingElement : node
  const attributes = [...opening.attributes.properties].flatMap((attribute) =>
    lowerAttribute(lower, attribute),
  )
  return { k: 'jsx', id: freshId(), tag: lowerTag(lower, opening.tagName), attributes, children, ...at }
}

/** A lower case tag is an element of the page; any other names a component. */
function lowerTag(lower: Lower, tag: Node): Expr | string {
  return isIdentifier(tag) && /^[a-z]/.test(tag.text) ? tag.text : lower.expr(tag)
}

function lowerAttribute(lower: Lower, node: Node): ObjectMember[] {
  if (isJsxSpreadAttribute(node)) return [{ kind: 'spread', value: lower.expr(node.expression) }]
  if (!isJsxAttribute(node)) return []
  const key = node.name.getText(lower.source)
  const value = node.initializer
  if (value === undefined) return []
  return [
    {
      kind: 'field',
      key,
      value: lower.expr(isJsxExpression(value) && value.expression !== undefined ? value.expression : value),
    },
  ]
}

function lowerChild(lower: Lower, node: Node): Expr[] {
  if (isJsxExpression(node)) return node.expression === undefined ? [] : [lower.expr(node.expression)]
  return isJsxElement(node) || isJsxSelfClosingElement(node) || isJsxFragment(node) ? [lower.expr(node)] : []
}
