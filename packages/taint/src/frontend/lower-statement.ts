import type {
  Block,
  BreakStatement,
  ContinueStatement,
  DoStatement,
  ExpressionStatement,
  ExportAssignment,
  ForInStatement,
  ForOfStatement,
  ForStatement,
  ClassDeclaration,
  IfStatement,
  LabeledStatement,
  ModuleDeclaration,
  Node,
  ReturnStatement,
  SwitchStatement,
  ThrowStatement,
  TryStatement,
  VariableDeclarationList,
  VariableStatement,
  WhileStatement,
  EnumDeclaration,
  ImportEqualsDeclaration,
} from 'typescript/unstable/ast'
import {
  SyntaxKind,
  isBlock,
  isCaseClause,
  isExternalModuleReference,
  isModuleBlock,
  isStringLiteral,
  isVariableDeclarationList,
} from 'typescript/unstable/ast'
import type { Binding, Expr, Marks, Pattern, Span, Stmt } from '../graph/index.ts'
import { declareNames } from './declarations.ts'
import type { Lower } from './lower.ts'
import { freshId, span } from './lower.ts'
import { marksOf } from './marks.ts'
import { childScope, declare, lookup } from './scope.ts'

type Handler = (lower: Lower, node: Node, at: Span) => Stmt[]

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- ties a handler to its node type
function on<T extends Node>(handle: (lower: Lower, node: T, at: Span) => Stmt[]): Handler {
  return (lower, node, at) => handle(lower, node as T, at)
}

/** Functions first, as the language hoists them; then the rest in order. */
export function lowerStatements(lower: Lower, nodes: Iterable<Node>): Stmt[] {
  const list = [...nodes]
  const hoisted: Stmt[] = []
  const rest: Stmt[] = []
  for (const node of list) {
    if (node.kind === SyntaxKind.FunctionDeclaration)
      hoisted.push(...lowerFunctionDeclaration(lower, node, span(node, lower)))
    else rest.push(...lowerStatement(lower, node))
  }
  return [...hoisted, ...rest]
}

function lowerStatement(lower: Lower, node: Node): Stmt[] {
  lower.func.size += 1
  return HANDLERS.get(node.kind)?.(lower, node, span(node, lower)) ?? []
}

/** Runs `work` in a new block scope that already knows the names its statements declare. */
function inBlock<T>(lower: Lower, nodes: Iterable<Node>, work: () => T): T {
  const outer = lower.scope
  lower.scope = childScope(outer, lower.func)
  try {
    declareNames(lower, nodes)
    return work()
  } finally {
    lower.scope = outer
  }
}

function body(lower: Lower, node: Node | undefined): Stmt[] {
  if (node === undefined) return []
  if (isBlock(node)) return inBlock(lower, node.statements, () => lower.statements(node.statements))
  return inBlock(lower, [node], () => lower.statements([node]))
}

function lowerFunctionDeclaration(lower: Lower, node: Node, at: Span): Stmt[] {
  const func = lower.function(node)
  if (func.isAbstract) return []
  const binding = lookup(lower.scope, func.name) ?? declare(lower, func.name)
  binding.fixed = func
  return [bindStatement({ k: 'bind', binding, ...at }, { k: 'function', id: freshId(), func, ...at }, at)]
}

function bindStatement(target: Pattern, value: Expr | undefined, at: Span, marks: Marks = {}): Stmt {
  return { k: 'let', target, value, type: undefined, marks, ...at }
}

function lowerClassDeclaration(lower: Lower, node: ClassDeclaration, at: Span): Stmt[] {
  const cls = lower.classOf(node)
  const name = node.name?.text ?? 'default'
  const binding = lookup(lower.scope, name) ?? declare(lower, name)
  binding.fixed = cls
  return [bindStatement({ k: 'bind', binding, ...at }, { k: 'class', id: freshId(), cls, ...at }, at)]
}

function lowerVariables(lower: Lower, list: VariableDeclarationList, owner: Node): Stmt[] {
  const isConst = (list.flags & 2) !== 0
  return [...list.declarations].flatMap((declaration): Stmt[] => {
    const at = span(declaration, lower)
    const value = declaration.initializer === undefined ? undefined : lower.expr(declaration.initializer)
    if (value === undefined && list.parent.kind === SyntaxKind.VariableStatement && (list.flags & 3) === 0)
      return []
    const target = lower.pattern(declaration.name)
    const type = lower.type(declaration.type)
    if (isConst && target.k === 'bind') settleConstant(target.binding, value)
    if (target.k === 'bind' && type !== undefined) Object.assign(target.binding, { type })
    return [{ k: 'let', target, value, type, marks: marksOf(lower, owner), ...at }]
  })
}

function settleConstant(binding: Binding, value: Expr | undefined): void {
  if (value?.k === 'function') binding.fixed = value.func
  if (value?.k === 'call') binding.init = value
}

function lowerLoopHead(lower: Lower, node: Node | undefined): Stmt[] {
  if (node === undefined) return []
  if (isVariableDeclarationList(node)) return lowerVariables(lower, node, node)
  return [{ k: 'expr', value: lower.expr(node), ...span(node, lower) }]
}

function lowerFor(lower: Lower, node: ForStatement, at: Span): Stmt[] {
  return inBlock(lower, node.initializer === undefined ? [] : [node.initializer], () => {
    const head = lowerLoopHead(lower, node.initializer)
    const test = node.condition === undefined ? undefined : lower.expr(node.condition)
    const update = node.incrementor === undefined ? undefined : lower.expr(node.incrementor)
    return [...head, { k: 'loop', test, update, body: body(lower, node.statement), testLast: false, ...at }]
  })
}

function lowerEach(lower: Lower, node: ForOfStatement | ForInStatement, at: Span): Stmt[] {
  const over = lower.expr(node.expression)
  return inBlock(lower, [node.initializer], () => {
    const first = isVariableDeclarationList(node.initializer)
      ? node.initializer.declarations[0]?.name
      : node.initializer
    const target = lower.pattern(first ?? node.initializer)
    const isAwait = node.kind === SyntaxKind.ForOfStatement && node.awaitModifier !== undefined
    return [
      {
        k: 'each',
        over,
        target,
        of: node.kind === SyntaxKind.ForOfStatement,
        isAwait,
        body: body(lower, node.statement),
        ...at,
      },
    ]
  })
}

function lowerSwitch(lower: Lower, node: SwitchStatement, at: Span): Stmt[] {
  const subject = lower.expr(node.expression)
  const clauses = [...node.caseBlock.clauses]
  return inBlock(
    lower,
    clauses.flatMap((clause) => [...clause.statements]),
    () => {
      const cases = clauses.map((clause) => ({
        test: isCaseClause(clause) ? lower.expr(clause.expression) : undefined,
        body: lower.statements(clause.statements),
      }))
      return [{ k: 'switch', subject, cases, ...at }]
    },
  )
}

function lowerTry(lower: Lower, node: TryStatement, at: Span): Stmt[] {
  const clause = node.catchClause
  const tried = body(lower, node.tryBlock)
  const finalizer = body(lower, node.finallyBlock)
  if (clause === undefined)
    return [{ k: 'try', body: tried, param: undefined, handler: undefined, finalizer, ...at }]
  return inBlock(lower, clause.variableDeclaration === undefined ? [] : [clause.variableDeclaration], () => {
    const name = clause.variableDeclaration?.name
    const param = name === undefined ? undefined : lower.pattern(name)
    return [{ k: 'try', body: tried, param, handler: body(lower, clause.block), finalizer, ...at }]
  })
}

function lowerExportAssignment(lower: Lower, node: ExportAssignment, at: Span): Stmt[] {
  const value = lower.expr(node.expression)
  if (node.isExportEquals) {
    const place: Expr = { k: 'member', object: { k: 'global', name: 'module', ...at }, key: 'exports', ...at }
    return [
      {
        k: 'expr',
        value: { k: 'assign', op: '=', target: { k: 'place', place, ...at }, value, ...at },
        ...at,
      },
    ]
  }
  const binding = declare(lower, 'default')
  lower.module.exports.set('default', { binding })
  if (value.k === 'function') binding.fixed = value.func
  return [bindStatement({ k: 'bind', binding, ...at }, value, at)]
}

function lowerEnum(lower: Lower, node: EnumDeclaration, at: Span): Stmt[] {
  const binding = lookup(lower.scope, node.name.text) ?? declare(lower, node.name.text)
  return [
    bindStatement({ k: 'bind', binding, ...at }, { k: 'object', id: freshId(), members: [], ...at }, at),
  ]
}

function lowerImportEquals(lower: Lower, node: ImportEqualsDeclaration, at: Span): Stmt[] {
  const reference = node.moduleReference
  const binding = lookup(lower.scope, node.name.text) ?? declare(lower, node.name.text)
  const isModule = isExternalModuleReference(reference) && isStringLiteral(reference.expression)
  if (isModule) {
    const ref = lower.moduleRef(reference.expression.text, reference.expression)
    return [
      bindStatement(
        { k: 'bind', binding, ...at },
        { k: 'module', ref, isImport: false, id: freshId(), ...at },
        at,
      ),
    ]
  }
  return []
}

function lowerNamespace(lower: Lower, node: ModuleDeclaration): Stmt[] {
  const block = node.body
  if (block === undefined || !isModuleBlock(block)) return []
  return inBlock(lower, block.statements, () => lower.statements(block.statements))
}

function jump(isContinue: boolean): Handler {
  return on<BreakStatement | ContinueStatement>((_lower, node, at) => [
    { k: 'jump', label: node.label?.text, isContinue, ...at },
  ])
}

const HANDLERS: ReadonlyMap<SyntaxKind, Handler> = new Map<SyntaxKind, Handler>([
  [
    SyntaxKind.ExpressionStatement,
    on<ExpressionStatement>((lower, node, at) => [{ k: 'expr', value: lower.expr(node.expression), ...at }]),
  ],
  [
    SyntaxKind.VariableStatement,
    on<VariableStatement>((lower, node) => lowerVariables(lower, node.declarationList, node)),
  ],
  [SyntaxKind.FunctionDeclaration, lowerFunctionDeclaration],
  [SyntaxKind.ClassDeclaration, on(lowerClassDeclaration)],
  [SyntaxKind.EnumDeclaration, on(lowerEnum)],
  [SyntaxKind.ModuleDeclaration, on<ModuleDeclaration>((lower, node) => lowerNamespace(lower, node))],
  [SyntaxKind.ImportEqualsDeclaration, on(lowerImportEquals)],
  [SyntaxKind.ExportAssignment, on(lowerExportAssignment)],
  [
    SyntaxKind.IfStatement,
    on<IfStatement>((lower, node, at) => [
      {
        k: 'if',
        test: lower.expr(node.expression),
        yes: body(lower, node.thenStatement),
        no: body(lower, node.elseStatement),
        ...at,
      },
    ]),
  ],
  [
    SyntaxKind.WhileStatement,
    on<WhileStatement>((lower, node, at) => [
      {
        k: 'loop',
        test: lower.expr(node.expression),
        update: undefined,
        body: body(lower, node.statement),
        testLast: false,
        ...at,
      },
    ]),
  ],
  [
    SyntaxKind.DoStatement,
    on<DoStatement>((lower, node, at) => [
      {
        k: 'loop',
        test: lower.expr(node.expression),
        update: undefined,
        body: body(lower, node.statement),
        testLast: true,
        ...at,
      },
    ]),
  ],
  [SyntaxKind.ForStatement, on(lowerFor)],
  [SyntaxKind.ForOfStatement, on(lowerEach)],
  [SyntaxKind.ForInStatement, on(lowerEach)],
  [SyntaxKind.SwitchStatement, on(lowerSwitch)],
  [SyntaxKind.TryStatement, on(lowerTry)],
  [
    SyntaxKind.ReturnStatement,
    on<ReturnStatement>((lower, node, at) => [
      { k: 'return', value: node.expression === undefined ? undefined : lower.expr(node.expression), ...at },
    ]),
  ],
  [
    SyntaxKind.ThrowStatement,
    on<ThrowStatement>((lower, node, at) => [{ k: 'throw', value: lower.expr(node.expression), ...at }]),
  ],
  [SyntaxKind.BreakStatement, jump(false)],
  [SyntaxKind.ContinueStatement, jump(true)],
  [
    SyntaxKind.Block,
    on<Block>((lower, node, at) => [{ k: 'block', label: undefined, body: body(lower, node), ...at }]),
  ],
  [
    SyntaxKind.LabeledStatement,
    on<LabeledStatement>((lower, node, at) => [
      { k: 'block', label: node.label.text, body: body(lower, node.statement), ...at },
    ]),
  ],
])
