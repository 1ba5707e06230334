import type { ImportClause, ImportDeclaration, Node } from 'typescript/unstable/ast'
import {
  SyntaxKind,
  isBindingElement,
  isClassDeclaration,
  isEnumDeclaration,
  isFunctionDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportEqualsDeclaration,
  isInterfaceDeclaration,
  isModuleBlock,
  isModuleDeclaration,
  isNamedImports,
  isNamespaceImport,
  isStringLiteral,
  isTypeAliasDeclaration,
  isVariableDeclaration,
  isVariableDeclarationList,
  isVariableStatement,
} from 'typescript/unstable/ast'
import type { ModuleRef } from '../graph/index.ts'
import type { Lower } from './lower.ts'
import { declare } from './scope.ts'

const LET_OR_CONST = 3

/** Declares what a list of statements binds in its own block. */
export function declareNames(lower: Lower, nodes: Iterable<Node>): void {
  for (const node of nodes) declareOne(lower, node)
}

function declareOne(lower: Lower, node: Node): void {
  if (isVariableStatement(node)) declareLexical(lower, node.declarationList)
  else if (isVariableDeclarationList(node)) declareLexical(lower, node)
  else if (isVariableDeclaration(node)) declarePattern(lower, node.name)
  else if (isFunctionDeclaration(node) || isClassDeclaration(node))
    declare(lower, node.name?.text ?? 'default')
  else if (isImportDeclaration(node)) declareImports(lower, node)
  else if (isImportEqualsDeclaration(node)) declare(lower, node.name.text)
  else declareType(lower, node)
}

function declareType(lower: Lower, node: Node): void {
  if (isTypeAliasDeclaration(node) || isInterfaceDeclaration(node)) lower.aliases.set(node.name.text, node)
  else if (isEnumDeclaration(node)) lower.enums.add(declare(lower, node.name.text))
  else if (isModuleDeclaration(node) && node.body !== undefined && isModuleBlock(node.body)) {
    declareNames(lower, node.body.statements)
  }
}

function declareLexical(lower: Lower, list: Node): void {
  if (!isVariableDeclarationList(list) || (list.flags & LET_OR_CONST) === 0) return
  for (const declaration of list.declarations) declarePattern(lower, declaration.name)
}

/** Declares every name of a pattern in the current scope. */
export function declarePattern(lower: Lower, node: Node): void {
  if (isIdentifier(node)) {
    declare(lower, node.text)
    return
  }
  node.forEachChild((child) => {
    if (isBindingElement(child) && child.name !== undefined) declarePattern(lower, child.name)
  })
}

/** `var` names belong to the function, wherever in it they are written. */
export function declareVars(lower: Lower, node: Node): void {
  node.forEachChild((child) => {
    if (OWN_SCOPE.has(child.kind)) return
    if (isVariableDeclarationList(child) && (child.flags & LET_OR_CONST) === 0) {
      for (const declaration of child.declarations) declarePattern(lower, declaration.name)
    }
    declareVars(lower, child)
  })
}

const OWN_SCOPE: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
  SyntaxKind.ClassStaticBlockDeclaration,
])

function declareImports(lower: Lower, node: ImportDeclaration): void {
  const clause = node.importClause
  if (!isStringLiteral(node.moduleSpecifier)) return
  const from = lower.moduleRef(node.moduleSpecifier.text, node.moduleSpecifier)
  if (clause === undefined) return
  if (clause.name !== undefined) declareImport(lower, clause.name.text, from, 'default')
  declareNamed(lower, clause, from)
}

function declareNamed(lower: Lower, clause: ImportClause, from: ModuleRef): void {
  const bindings = clause.namedBindings
  if (bindings === undefined) return
  if (isNamespaceImport(bindings)) declareImport(lower, bindings.name.text, from, '*')
  if (!isNamedImports(bindings)) return
  for (const element of bindings.elements)
    declareImport(lower, element.name.text, from, (element.propertyName ?? element.name).text)
}

function declareImport(lower: Lower, local: string, from: ModuleRef, name: string): void {
  declare(lower, local).import = { from, name }
}
