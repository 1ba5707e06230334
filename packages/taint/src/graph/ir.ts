/**
 * The program as the engine sees it: a small tree language, free of any compiler's types.
 * The front end lowers source into it; everything after the front end reads only this.
 */

/** A span of source text, in UTF-16 offsets of its module. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface Module {
  readonly id: number
  readonly file: string
  readonly text: string
  readonly isDeclaration: boolean
  /** Runs the top-level statements; its parameters are empty. */
  readonly init: Func
  /** Names this module exports, and where each comes from. */
  readonly exports: Map<string, ExportTarget>
  /** Modules whose every export is passed on (`export * from`). */
  readonly starExports: ModuleRef[]
  /** Every module it names, in any form of import. */
  readonly imports: ModuleRef[]
  readonly suppressions: readonly Suppression[]
}

export interface Suppression {
  readonly line: number
  readonly kinds: readonly string[]
  readonly reason: string
}

/** A module specifier: resolved to a module of the program, or the name of a package. */
export interface ModuleRef {
  readonly specifier: string
  module: Module | undefined
}

type ExportTarget =
  | { readonly binding: Binding }
  | { readonly from: ModuleRef; readonly name: string }
  | { readonly value: Binding; readonly isDefault: true }

export interface Binding {
  readonly id: number
  readonly name: string
  /** The function whose activation holds it; a module's `init` for top-level names. */
  readonly owner: Func
  /** Some function nested in `owner` uses it. */
  captured: boolean
  /** The only function or class it ever holds. */
  fixed: Func | ClassIr | undefined
  import: ImportTarget | undefined
  type: TypeRef | undefined
  /** What a constant was declared with. */
  init?: Expr
}

/** What an import name stands for; `*` is the whole namespace. */
export interface ImportTarget {
  readonly from: ModuleRef
  readonly name: string
}

/** A written type, as far as the engine cares. */
export interface TypeRef {
  /** Type names from outermost to innermost, e.g. `express.Request` = ['express', 'Request']. */
  readonly path: readonly string[]
  /** Where the first name of the path comes from. */
  readonly binding: Binding | undefined
  readonly arguments: readonly TypeRef[]
  /** No string can travel in a value of this type. */
  readonly inert: boolean
}

/** A type that a library declares, by the name of its package; what the standard library has is `global`. */
export interface LibraryType {
  readonly package: string
  readonly name: string
}

/** The marks of the language surface: which kinds a name is sensitive to, or how it is tainted. */
export interface Marks {
  readonly sensitive?: readonly string[]
  readonly tainted?: boolean
  readonly untainted?: boolean
}

export interface Param {
  readonly name: string
  readonly pattern: Pattern
  readonly rest: boolean
  readonly type: TypeRef | undefined
  /** What the compiler says it is, where no type is written. */
  readonly library?: readonly LibraryType[]
  readonly marks: Marks
  readonly decorators: readonly Expr[]
  readonly span: Span
}

export interface Func {
  readonly id: number
  readonly name: string
  module: Module
  readonly span: Span
  readonly params: Param[]
  body: Stmt[]
  readonly isAsync: boolean
  readonly isGenerator: boolean
  readonly isArrow: boolean
  /** Declared without a body: overloads, ambient functions. */
  readonly isAbstract: boolean
  readonly parent: Func | undefined
  /** Bindings of enclosing functions that this one, or one it calls by name, uses. */
  captures: Set<Binding>
  /** Functions it refers to by a name that never changes. */
  readonly refers: Set<Func>
  readonly self: Binding
  readonly argumentsBinding: Binding
  readonly returnMarks: Marks
  readonly returnType: TypeRef | undefined
  readonly guardOf: GuardDeclaration | undefined
  /** Statements and expressions: what the engine's effort grows with. */
  size: number
}

/** `x is T` and `asserts x`: the parameter a function vouches for. */
interface GuardDeclaration {
  readonly parameter: string
  readonly asserts: boolean
  readonly type: TypeRef | undefined
}

type MemberKind = 'method' | 'get' | 'set' | 'field'

export interface ClassMember {
  readonly kind: MemberKind
  readonly key: Key
  readonly isStatic: boolean
  readonly value: Expr | undefined
  readonly type: TypeRef | undefined
  readonly marks: Marks
  readonly decorators: readonly Expr[]
  readonly span: Span
}

export interface ClassIr {
  readonly id: number
  readonly name: string
  readonly module: Module
  readonly span: Span
  readonly extends: Expr | undefined
  /** Holds the base class, for `super` in the methods. */
  readonly base: Binding | undefined
  readonly construct: Func | undefined
  readonly members: readonly ClassMember[]
  readonly decorators: readonly Expr[]
  /** Static blocks, run with `this` = the class. */
  readonly statics: readonly Func[]
}

export type Key = string | Expr

export interface Arg {
  readonly value: Expr
  readonly spread: boolean
}

export type ObjectMember =
  | { readonly kind: 'field'; readonly key: Key; readonly value: Expr; readonly marks?: Marks }
  | { readonly kind: 'get' | 'set'; readonly key: Key; readonly value: Expr }
  | { readonly kind: 'spread'; readonly value: Expr }

export type Constant = string | number | boolean | null | undefined

export type Expr = Span &
  (
    | { readonly k: 'const'; readonly value: Constant }
    | { readonly k: 'regex'; readonly source: string; readonly flags: string }
    | { readonly k: 'concat'; readonly parts: readonly Expr[] }
    | { readonly k: 'inert'; readonly parts: readonly Expr[] }
    | { readonly k: 'name'; readonly binding: Binding }
    | { readonly k: 'global'; readonly name: string }
    | { readonly k: 'this'; readonly self: Binding | undefined }
    | { readonly k: 'super'; readonly binding: Binding | undefined }
    | {
        readonly k: 'member'
        readonly object: Expr
        readonly key: string
        /** What the compiler says the object is. */
        readonly library?: readonly LibraryType[]
        /** What the declaration of the member says of it. */
        readonly marks?: Marks
      }
    | { readonly k: 'index'; readonly object: Expr; readonly index: Expr }
    | {
        readonly k: 'call'
        readonly id: number
        readonly callee: Expr
        readonly args: readonly Arg[]
        readonly isNew: boolean
        readonly kinds?: readonly string[]
      }
    | { readonly k: 'object'; readonly id: number; readonly members: readonly ObjectMember[] }
    | { readonly k: 'array'; readonly id: number; readonly items: readonly Arg[] }
    | { readonly k: 'function'; readonly id: number; readonly func: Func }
    | { readonly k: 'class'; readonly id: number; readonly cls: ClassIr }
    | { readonly k: 'assign'; readonly op: AssignOp; readonly target: Pattern; readonly value: Expr }
    | { readonly k: 'choice'; readonly test: Expr; readonly yes: Expr; readonly no: Expr }
    | { readonly k: 'logic'; readonly op: '&&' | '||' | '??'; readonly left: Expr; readonly right: Expr }
    | { readonly k: 'compare'; readonly op: CompareOp; readonly left: Expr; readonly right: Expr }
    | { readonly k: 'not'; readonly value: Expr }
    | { readonly k: 'typeof'; readonly value: Expr }
    | { readonly k: 'await'; readonly id: number; readonly value: Expr }
    | { readonly k: 'yield'; readonly value: Expr | undefined; readonly delegate: boolean }
    | { readonly k: 'sequence'; readonly items: readonly Expr[] }
    | { readonly k: 'module'; readonly ref: ModuleRef; readonly isImport: boolean; readonly id: number }
    | { readonly k: 'cast'; readonly value: Expr; readonly type: TypeRef }
    | {
        readonly k: 'jsx'
        readonly id: number
        readonly tag: Expr | string
        readonly attributes: readonly ObjectMember[]
        readonly children: readonly Expr[]
      }
  )

export type AssignOp = '=' | '+=' | '&&=' | '||=' | '??=' | 'inert'
export type CompareOp = '==' | '!=' | '===' | '!==' | '<' | '>' | '<=' | '>=' | 'in' | 'instanceof'

export type Pattern = Span &
  (
    | { readonly k: 'bind'; readonly binding: Binding }
    | { readonly k: 'place'; readonly place: Expr }
    | { readonly k: 'fields'; readonly fields: readonly FieldPattern[]; readonly rest: Pattern | undefined }
    | {
        readonly k: 'items'
        readonly items: readonly (Pattern | undefined)[]
        readonly rest: Pattern | undefined
      }
    | { readonly k: 'default'; readonly target: Pattern; readonly value: Expr }
  )

export interface FieldPattern {
  readonly key: Key
  readonly target: Pattern
}

export type Stmt = Span &
  (
    | { readonly k: 'expr'; readonly value: Expr }
    | {
        readonly k: 'let'
        readonly target: Pattern
        readonly value: Expr | undefined
        readonly type: TypeRef | undefined
        readonly marks: Marks
      }
    | { readonly k: 'if'; readonly test: Expr; readonly yes: readonly Stmt[]; readonly no: readonly Stmt[] }
    | {
        readonly k: 'loop'
        readonly test: Expr | undefined
        readonly update: Expr | undefined
        readonly body: readonly Stmt[]
        readonly testLast: boolean
      }
    | {
        readonly k: 'each'
        readonly over: Expr
        readonly target: Pattern
        readonly of: boolean
        readonly isAwait: boolean
        readonly body: readonly Stmt[]
      }
    | { readonly k: 'switch'; readonly subject: Expr; readonly cases: readonly SwitchCase[] }
    | {
        readonly k: 'try'
        readonly body: readonly Stmt[]
        readonly param: Pattern | undefined
        readonly handler: readonly Stmt[] | undefined
        readonly finalizer: readonly Stmt[]
      }
    | { readonly k: 'return'; readonly value: Expr | undefined }
    | { readonly k: 'throw'; readonly value: Expr }
    | { readonly k: 'jump'; readonly label: string | undefined; readonly isContinue: boolean }
    | { readonly k: 'block'; readonly label: string | undefined; readonly body: readonly Stmt[] }
  )

export interface SwitchCase {
  readonly test: Expr | undefined
  readonly body: readonly Stmt[]
}
