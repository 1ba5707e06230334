import type { BindingElement, Node } from 'typescript/unstable/ast'
import {
  SyntaxKind,
  isArrayBindingPattern,
  isArrayLiteralExpression,
  isBinaryExpression,
  isBindingElement,
  isComputedPropertyName,
  isIdentifier,
  isObjectBindingPattern,
  isObjectLiteralExpression,
  isOmittedExpression,
  isParenthesizedExpression,
  isPrivateIdentifier,
  isPropertyAssignment,
  isShorthandPropertyAssignment,
  isSpreadAssignment,
  isSpreadElement,
} from 'typescript/unstable/ast'
import type { FieldPattern, Key, Pattern } from '../graph/index.ts'
import type { Lower } from './lower.ts'
import { span } from './lower.ts'
import { declare, lookup, refer } from './scope.ts'

/** A name, a destructuring pattern, or the left side of an assignment. */
export function lowerPattern(lower: Lower, node: Node): Pattern {
  if (isIdentifier(node)) return nameTarget(lower, node.text, node)
  if (isObjectBindingPattern(node)) return bindingFields(lower, node)
  if (isArrayBindingPattern(node)) return bindingItems(lower, node)
  if (isObjectLiteralExpression(node)) return literalFields(lower, node)
  if (isArrayLiteralExpression(node)) return literalItems(lower, node)
  if (isParenthesizedExpression(node)) return lowerPattern(lower, node.expression)
  if (isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.EqualsToken) {
    return {
      k: 'default',
      target: lowerPattern(lower, node.left),
      value: lower.expr(node.right),
      ...span(node, lower),
    }
  }
  return { k: 'place', place: lower.expr(node), ...span(node, lower) }
}

export function lowerKey(lower: Lower, node: Node): Key {
  if (isComputedPropertyName(node)) {
    const key = lower.expr(node.expression)
    return key.k === 'const' && (typeof key.value === 'string' || typeof key.value === 'number')
      ? String(key.value)
      : key
  }
  if (isPrivateIdentifier(node)) return privateKey(node.text)
  const text = (node as Node & { readonly text?: string }).text
  return text ?? node.getText(lower.source)
}

/** `this.#x` and `this['#x']` are two fields. */
export function privateKey(text: string): string {
  return `#${text}`
}

function nameTarget(lower: Lower, name: string, node: Node): Pattern {
  const binding = lookup(lower.scope, name) ?? declare(lower, name, rootScope(lower))
  if (binding.fixed !== undefined) binding.fixed = undefined
  refer(lower, binding, false)
  return { k: 'bind', binding, ...span(node, lower) }
}

/** An assignment to an undeclared name makes a global: the module's outermost scope holds it. */
function rootScope(lower: Lower): Lower['scope'] {
  let at = lower.scope
  while (at.parent !== undefined) at = at.parent
  return at
}

function withDefault(target: Pattern, initializer: Node | undefined, lower: Lower): Pattern {
  if (initializer === undefined) return target
  return { k: 'default', target, value: lower.expr(initializer), start: target.start, end: initializer.end }
}

function elementTarget(lower: Lower, element: BindingElement): Pattern {
  const name = element.name
  if (name === undefined) return { k: 'fields', fields: [], rest: undefined, ...span(element, lower) }
  return withDefault(lowerPattern(lower, name), element.initializer, lower)
}

function bindingFields(lower: Lower, node: Node & { readonly elements: Iterable<Node> }): Pattern {
  const fields: FieldPattern[] = []
  let rest: Pattern | undefined
  for (const element of node.elements) {
    if (!isBindingElement(element)) continue
    if (element.dotDotDotToken !== undefined) rest = elementTarget(lower, element)
    else {
      const named = element.propertyName ?? element.name
      if (named !== undefined)
        fields.push({ key: lowerKey(lower, named), target: elementTarget(lower, element) })
    }
  }
  return { k: 'fields', fields, rest, ...span(node, lower) }
}

function bindingItems(lower: Lower, node: Node & { readonly elements: Iterable<Node> }): Pattern {
  const items: (Pattern | undefined)[] = []
  let rest: Pattern | undefined
  for (const element of node.elements) {
    if (!isBindingElement(element) || element.name === undefined) items.push(undefined)
    else if (element.dotDotDotToken !== undefined) rest = elementTarget(lower, element)
    else items.push(elementTarget(lower, element))
  }
  return { k: 'items', items, rest, ...span(node, lower) }
}

function literalFields(lower: Lower, node: Node & { readonly properties: Iterable<Node> }): Pattern {
  const fields: FieldPattern[] = []
  let rest: Pattern | undefined
  for (const property of node.properties) {
    if (isSpreadAssignment(property)) rest = lowerPattern(lower, property.expression)
    else if (isPropertyAssignment(property)) {
      fields.push({ key: lowerKey(lower, property.name), target: lowerPattern(lower, property.initializer) })
    } else if (isShorthandPropertyAssignment(property)) {
      const target = lowerPattern(lower, property.name)
      fields.push({
        key: property.name.getText(lower.source),
        target: withDefault(target, property.objectAssignmentInitializer, lower),
      })
    }
  }
  return { k: 'fields', fields, rest, ...span(node, lower) }
}

function literalItems(lower: Lower, node: Node & { readonly elements: Iterable<Node> }): Pattern {
  const items: (Pattern | undefined)[] = []
  let rest: Pattern | undefined
  for (const element of node.elements) {
    if (isOmittedExpression(element)) items.push(undefined)
    else if (isSpreadElement(element)) rest = lowerPattern(lower, element.expression)
    else items.push(lowerPattern(lower, element))
  }
  return { k: 'items', items, rest, ...span(node, lower) }
}
