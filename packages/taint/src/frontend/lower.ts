import type { Node, SourceFile } from 'typescript/unstable/ast'
import type {
  Binding,
  ClassIr,
  Expr,
  Func,
  Module,
  ModuleRef,
  Pattern,
  Stmt,
  TypeRef,
} from '../graph/index.ts'
import type { Question } from './library-types.ts'
import type { MemberUse } from './member-marks.ts'

/** Names visible at one place: a block, a function, a module. */
export interface Scope {
  readonly names: Map<string, Binding>
  readonly parent: Scope | undefined
  readonly func: Func
}

/** A use of a name; whether it must be captured is known once the whole module is read. */
export interface Reference {
  readonly func: Func
  readonly binding: Binding
  readonly isCallee: boolean
}

/** What one module's lowering carries along. The parts call each other only through it. */
export interface Lower {
  readonly source: SourceFile
  readonly module: Module
  readonly funcs: Func[]
  readonly references: Reference[]
  readonly aliases: Map<string, Node>
  readonly enums: Set<Binding>
  readonly marked: boolean
  /** Members of libraries' types: the compiler is asked what has them. */
  readonly libraryMembers: ReadonlySet<string>
  readonly questions: Question[]
  /** Names of members that carry a mark somewhere. */
  readonly markedMembers: ReadonlySet<string>
  readonly uses: MemberUse[]
  scope: Scope
  func: Func
  expr(node: Node): Expr
  pattern(node: Node): Pattern
  statements(nodes: Iterable<Node>): Stmt[]
  function(node: Node, name?: string): Func
  classOf(node: Node): ClassIr
  type(node: Node | undefined): TypeRef | undefined
  moduleRef(specifier: string, node: Node): ModuleRef
}

/** Ids are unique in one process, so that sites of different programs never meet. */
let lastId = 0
export function freshId(): number {
  lastId += 1
  return lastId
}

export function span(node: Node, lower: Lower): { start: number; end: number } {
  return { start: node.getStart(lower.source), end: node.end }
}
