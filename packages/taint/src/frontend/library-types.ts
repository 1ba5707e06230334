import type { Checker, Symbol as CompilerSymbol, Type } from 'typescript/unstable/sync'
import { TypeFlags } from 'typescript/unstable/sync'
import type { Node } from 'typescript/unstable/ast'
import type { LibraryType } from '../graph/index.ts'

/** What the models know of libraries' types, so that the compiler is asked about nothing else. */
export interface KnownTypes {
  /** Names of the members of all types of these packages. */
  membersOf(packages: ReadonlySet<string>): ReadonlySet<string>
  has(type: LibraryType): boolean
}

/** An expression or pattern whose type the compiler is asked, and where its answer goes. */
export interface Question {
  readonly node: Node
  readonly answer: (types: readonly LibraryType[]) => void
}

/** Bases of bases, members of unions: a type is read no further than this. */
const MAX_DEPTH = 4

/** Members of one union that are looked at. */
const MAX_MEMBERS = 8

/** Answers all questions of a program: one batch for the types of its nodes, then once per type that is met. */
export function answerQuestions(checker: Checker, questions: readonly Question[], known: KnownTypes): void {
  if (questions.length === 0) return
  const reader = new TypeReader(checker, known)
  const types = checker.getTypeAtLocation(questions.map(({ node }) => node))
  for (const [index, question] of questions.entries()) {
    const found = reader.read(types[index])
    if (found.length > 0) question.answer(found)
  }
}

/** Remembers what each type is, since most places of a program have one of few. */
class TypeReader {
  readonly #checker: Checker
  readonly #known: KnownTypes
  readonly #found = new Map<number, readonly LibraryType[]>()

  constructor(checker: Checker, known: KnownTypes) {
    this.#checker = checker
    this.#known = known
  }

  read(type: Type | undefined, depth = 0): readonly LibraryType[] {
    if (type === undefined || depth > MAX_DEPTH || (type.flags & CAN_BE_OF_A_LIBRARY) === 0) return []
    const before = this.#found.get(type.id)
    if (before !== undefined) return before
    // A type that leads back to itself finds nothing more on the way.
    this.#found.set(type.id, [])
    const found = this.#look(type, depth)
    this.#found.set(type.id, found)
    return found
  }

  #look(type: Type, depth: number): readonly LibraryType[] {
    const own = this.#named(type.getSymbol()) ?? this.#named(type.getAliasSymbol())
    if (own !== undefined) return [own]
    if (type.isUnionType() || type.isIntersectionType())
      return type
        .getTypes()
        .slice(0, MAX_MEMBERS)
        .flatMap((one) => this.read(one, depth + 1))
    if (type.isTypeParameter()) return this.read(this.#checker.getBaseConstraintOfType(type), depth + 1)
    const target = type.isTypeReference() ? type.getTarget() : type
    return (target.getBaseTypes() ?? []).flatMap((base) => this.read(base, depth + 1))
  }

  #named(symbol: CompilerSymbol | undefined): LibraryType | undefined {
    if (symbol === undefined) return undefined
    for (const { path } of symbol.declarations) {
      const from = packageOfDeclaration(path)
      const type = from === undefined ? undefined : { package: from, name: symbol.name }
      if (type !== undefined && this.#known.has(type)) return type
    }
    return undefined
  }
}

const CAN_BE_OF_A_LIBRARY = TypeFlags.Object | TypeFlags.UnionOrIntersection | TypeFlags.TypeParameter

/** Where the compiler keeps what the standard library declares. */
const STANDARD_LIBRARY = /\/libs?\/lib\.[\w.]+\.d\.ts$/

/** The package that a file of declarations speaks of: `express` for those of `@types/express`. */
function packageOfDeclaration(path: string): string | undefined {
  if (STANDARD_LIBRARY.test(path)) return 'global'
  const inside = path.split('/node_modules/').at(-1)
  if (inside === undefined || inside === path) return undefined
  const [first = '', second = '', ...rest] = inside.split('/')
  if (!first.startsWith('@')) return first
  if (first !== '@types') return `${first}/${second}`
  if (second === 'node') return rest.join('/').replace(/\.d\.[cm]?ts$/, '')
  // DefinitelyTyped writes `@scope/name` as `scope__name`.
  return second.includes('__') ? `@${second.replace('__', '/')}` : second
}

/** The packages that the files of a program declare. */
export function packagesOf(files: readonly string[]): ReadonlySet<string> {
  return new Set(files.map(packageOfDeclaration).filter((name) => name !== undefined))
}
