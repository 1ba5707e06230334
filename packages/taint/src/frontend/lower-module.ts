import type { ExportDeclaration, Node, SourceFile } from 'typescript/unstable/ast'
import {
  SyntaxKind,
  isBindingElement,
  isExportDeclaration,
  isIdentifier,
  isNamedExports,
  isNamespaceExport,
  isStringLiteral,
  isVariableStatement,
} from 'typescript/unstable/ast'
import type { Func, Module, ModuleRef } from '../graph/index.ts'
import { declareNames, declareVars } from './declarations.ts'
import type { Question } from './library-types.ts'
import { lowerClass } from './lower-class.ts'
import { lowerExpression } from './lower-expression.ts'
import { lowerFunction } from './lower-function.ts'
import { lowerPattern } from './lower-pattern.ts'
import { lowerStatements } from './lower-statement.ts'
import type { Lower } from './lower.ts'
import { freshId } from './lower.ts'
import type { MemberUse } from './member-marks.ts'
import { hasMarks, suppressionsOf } from './marks.ts'
import { childScope, lookup, newBinding, newFunc, settleCaptures } from './scope.ts'
import { lowerType } from './types.ts'

export interface LoweredModule {
  readonly module: Module
  readonly funcs: readonly Func[]
  /** Every specifier the module names, with the node to ask the compiler about. */
  readonly specifiers: readonly { readonly ref: ModuleRef; readonly node: Node }[]
  /** What the compiler is asked of the types of libraries. */
  readonly questions: readonly Question[]
  /** What it is asked of members that may carry a mark. */
  readonly uses: readonly MemberUse[]
}

/** Names of members that the compiler is asked about wherever they are used. */
export interface AskedMembers {
  readonly ofLibraries: ReadonlySet<string>
  readonly marked: ReadonlySet<string>
}

export function lowerModule(source: SourceFile, asked: AskedMembers): LoweredModule {
  const module = newModule(source)
  const funcs: Func[] = []
  const specifiers: { ref: ModuleRef; node: Node }[] = []
  const questions: Question[] = []
  const uses: MemberUse[] = []
  const lower: Lower = {
    source,
    module,
    funcs,
    references: [],
    aliases: new Map(),
    enums: new Set(),
    marked: hasMarks(source.text),
    libraryMembers: asked.ofLibraries,
    questions,
    markedMembers: asked.marked,
    uses,
    scope: childScope(undefined, module.init),
    func: module.init,
    expr: (node) => lowerExpression(lower, node),
    pattern: (node) => lowerPattern(lower, node),
    statements: (nodes) => lowerStatements(lower, nodes),
    function: (node, name) => lowerFunction(lower, node, name),
    classOf: (node) => lowerClass(lower, node as Parameters<typeof lowerClass>[1]),
    type: (node) => lowerType(lower, node),
    moduleRef: (specifier, node) => {
      const ref: ModuleRef = { specifier, module: undefined }
      specifiers.push({ ref, node })
      module.imports.push(ref)
      return ref
    },
  }
  const statements = [...source.statements]
  declareNames(lower, statements)
  declareVars(lower, source)
  lowerExports(lower, statements)
  module.init.body = lower.statements(statements)
  funcs.push(module.init)
  settleCaptures(lower.references, funcs)
  return { module, funcs, specifiers, questions, uses }
}

function newModule(source: SourceFile): Module {
  const shell = {
    id: freshId(),
    file: source.fileName,
    text: source.text,
    isDeclaration: source.isDeclarationFile,
    exports: new Map(),
    starExports: [],
    imports: [],
    suppressions: suppressionsOf(source),
  }
  const module: Module = Object.assign(shell, { init: undefined as unknown as Func })
  Object.assign(module, {
    init: newFunc({ name: '(module)', span: { start: 0, end: source.end } }, module, undefined),
  })
  return module
}

function lowerExports(lower: Lower, statements: readonly Node[]): void {
  for (const node of statements) {
    if (isExportDeclaration(node)) lowerExportDeclaration(lower, node)
    else if (isExported(node)) exportNames(lower, node)
  }
}

function isExported(node: Node): boolean {
  const modifiers = (node as Node & { readonly modifiers?: Iterable<Node> }).modifiers
  return [...(modifiers ?? [])].some((modifier) => modifier.kind === SyntaxKind.ExportKeyword)
}

function exportNames(lower: Lower, node: Node): void {
  if (isVariableStatement(node)) {
    for (const declaration of node.declarationList.declarations) exportPattern(lower, declaration.name)
    return
  }
  const { name, modifiers } = node as Node & {
    readonly name?: Node & { readonly text?: string }
    readonly modifiers?: Iterable<Node>
  }
  const isDefault = [...(modifiers ?? [])].some((modifier) => modifier.kind === SyntaxKind.DefaultKeyword)
  const local = name?.text ?? 'default'
  const binding = lookup(lower.scope, local)
  if (binding !== undefined) lower.module.exports.set(isDefault ? 'default' : local, { binding })
}

function exportPattern(lower: Lower, node: Node): void {
  if (isIdentifier(node)) {
    const binding = lookup(lower.scope, node.text)
    if (binding !== undefined) lower.module.exports.set(node.text, { binding })
    return
  }
  node.forEachChild((child) => {
    if (isBindingElement(child) && child.name !== undefined) exportPattern(lower, child.name)
  })
}

function lowerExportDeclaration(lower: Lower, node: ExportDeclaration): void {
  const specifier = node.moduleSpecifier
  const from =
    specifier !== undefined && isStringLiteral(specifier)
      ? lower.moduleRef(specifier.text, specifier)
      : undefined
  const clause = node.exportClause
  if (clause === undefined) {
    if (from !== undefined) lower.module.starExports.push(from)
  } else if (isNamespaceExport(clause)) {
    if (from !== undefined) lower.module.exports.set(clause.name.text, { from, name: '*' })
  } else if (isNamedExports(clause)) {
    for (const element of clause.elements) {
      const local = (element.propertyName ?? element.name).text
      const binding = lookup(lower.scope, local) ?? newBinding(local, lower.module.init)
      lower.module.exports.set(element.name.text, from === undefined ? { binding } : { from, name: local })
    }
  }
}
