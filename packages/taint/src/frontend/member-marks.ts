import type { Node, SourceFile } from 'typescript/unstable/ast'
import {
  isIdentifier,
  isPropertyDeclaration,
  isPropertySignatureDeclaration,
  isTypeReferenceNode,
} from 'typescript/unstable/ast'
import type { Checker, Project } from 'typescript/unstable/sync'
import type { Marks } from '../graph/index.ts'
import { kindsIn, marksInComments, marksOfTypeName, mentionsMarks } from './marks.ts'

/** Members of interfaces and classes that carry a mark, by their declarations; and their names, to look for. */
export interface MarkedMembers {
  readonly names: ReadonlySet<string>
  readonly marks: ReadonlyMap<Node, Marks>
}

/** A use of a member with such a name; the compiler is asked whose member it is. */
export interface MemberUse {
  /** The name after the dot, or the object literal that the member stands in. */
  readonly node: Node
  /** The member of the literal, where it stands in one. */
  readonly name?: string
  readonly answer: (marks: Marks) => void
}

/** Reads the marks of members in all files that have any. */
export function markedMembers(sources: readonly SourceFile[]): MarkedMembers {
  const marks = new Map<Node, Marks>()
  const names = new Set<string>()
  for (const source of sources.filter(({ text }) => mentionsMarks(text))) {
    const visit = (node: Node): void => {
      const own =
        isPropertySignatureDeclaration(node) || isPropertyDeclaration(node) ? marksHere(source, node) : {}
      if (Object.keys(own).length > 0) {
        marks.set(node, own)
        names.add(memberName(node as Node & { readonly name: Node }, source))
      }
      node.forEachChild((child) => visit(child))
    }
    visit(source)
  }
  return { names, marks }
}

function memberName(node: { readonly name: Node }, source: SourceFile): string {
  return (node.name as Node & { readonly text?: string }).text ?? node.name.getText(source)
}

function marksHere(source: SourceFile, node: Node & { readonly type?: Node | undefined }): Marks {
  const type = node.type
  const written =
    type !== undefined && isTypeReferenceNode(type) && isIdentifier(type.typeName)
      ? marksOfTypeName(type.typeName.text, () => kindsIn(type.getText(source)))
      : {}
  return { ...marksInComments(source, node), ...written }
}

/** Gives every use of a marked member its marks: one batch for names after a dot, a question for each literal. */
export function answerUses(project: Project, uses: readonly MemberUse[], { marks }: MarkedMembers): void {
  const { checker } = project
  const dotted = uses.filter(({ name }) => name === undefined)
  const symbols = dotted.length === 0 ? [] : checker.getSymbolAtLocation(dotted.map(({ node }) => node))
  const inLiterals = uses.filter(({ name }) => name !== undefined)
  const all = [
    ...dotted.map((use, index) => ({ use, symbol: symbols[index] })),
    ...inLiterals.map((use) => ({ use, symbol: expected(checker, use) })),
  ]
  for (const { use, symbol } of all) {
    for (const declaration of symbol?.declarations ?? []) {
      const node = declaration.resolve(project)
      const found = node === undefined ? undefined : marks.get(node)
      if (found !== undefined) use.answer(found)
    }
  }
}

/** The member that the place where a literal stands asks for. */
function expected(checker: Checker, { node, name }: MemberUse): ReturnType<Checker['getPropertyOfType']> {
  const type = checker.getContextualType(node as Parameters<Checker['getContextualType']>[0])
  const plain = type === undefined ? undefined : (checker.getNonNullableType(type) ?? type)
  return plain === undefined || name === undefined ? undefined : checker.getPropertyOfType(plain, name)
}
