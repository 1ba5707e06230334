import type { Node, SourceFile } from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import type { Marks, Suppression, TypeRef } from '../graph/index.ts'
import type { Lower } from './lower.ts'

const TAG = /@(sensitive|tainted|untainted)\b[ \t]*([\w$ \t,-]*)/g
export const ALL_KINDS = '*'

/** True when a file has any mark, so that files without one never look at comments. */
export function hasMarks(text: string): boolean {
  return /@(sensitive|tainted|untainted)\b/.test(text)
}

/** True when a file may have a mark of any form. */
export function mentionsMarks(text: string): boolean {
  return hasMarks(text) || text.includes('barre/taint')
}

/** The marks in the JSDoc before a parameter, a property, or (of its return) a function. */
export function marksOf(lower: Lower, node: Node): Marks {
  return lower.marked ? marksInComments(lower.source, node) : {}
}

export function marksInComments(source: SourceFile, node: Node): Marks {
  return merge(jsDocTags({ source }, node).filter((tag) => tag.parameter === undefined))
}

/** The marks that a function's JSDoc gives one of its parameters: `@sensitive sqlQuery sql`. */
export function parameterMarks(lower: Lower, owner: Node, name: string, names: ReadonlySet<string>): Marks {
  if (!lower.marked) return {}
  return merge(jsDocTags(lower, owner, names).filter((tag) => tag.parameter === name))
}

/** Marks of a function's own JSDoc that name no parameter: they speak of what it returns. */
export function returnMarks(lower: Lower, owner: Node, names: ReadonlySet<string>): Marks {
  if (!lower.marked) return {}
  return merge(jsDocTags(lower, owner, names).filter((tag) => tag.parameter === undefined))
}

/** `Tainted<T>`, `Untainted<T>` and `Sensitive<T, 'sql'>` of `barre/taint`. */
export function marksOfType(type: TypeRef | undefined, kindsOf: () => readonly string[]): Marks {
  if (type?.binding?.import?.from.specifier !== 'barre/taint') return {}
  return marksOfTypeName(type.binding.import.name, kindsOf)
}

export function marksOfTypeName(name: string, kindsOf: () => readonly string[]): Marks {
  if (name === 'Tainted') return { tainted: true }
  if (name === 'Untainted') return { untainted: true }
  return name === 'Sensitive' ? { sensitive: kindsOf() } : {}
}

/** The kinds that `Sensitive<string, 'sql'>` names. */
export function kindsIn(text: string): readonly string[] {
  const kinds = [...text.matchAll(/['"]([\w-]+)['"]/g)].map((match) => match[1] ?? '')
  return kinds.length === 0 ? [ALL_KINDS] : kinds
}

interface Tag {
  readonly name: string
  readonly parameter: string | undefined
  readonly kinds: readonly string[]
}

function jsDocTags(
  lower: Pick<Lower, 'source'>,
  node: Node,
  parameters: ReadonlySet<string> = new Set(),
): Tag[] {
  const comments = node.jsDoc ?? leading(lower, node)
  const tags: Tag[] = []
  for (const comment of comments) {
    const text = lower.source.text.slice(comment.pos, comment.end)
    for (const [, name = '', rest = ''] of text.matchAll(TAG)) {
      const words = rest.split(/[\s,]+/).filter((word) => word !== '' && word !== '-')
      const first = words[0]
      const parameter = first !== undefined && parameters.has(first) ? first : undefined
      tags.push({ name, parameter, kinds: parameter === undefined ? words : words.slice(1) })
    }
  }
  return tags
}

/** A parameter's comment is not attached to it by the parser: it is the trivia before it. */
function leading(lower: Pick<Lower, 'source'>, node: Node): { pos: number; end: number }[] {
  const start = node.getStart(lower.source)
  const trivia = lower.source.text.slice(node.pos, start)
  return trivia.includes('/**') ? [{ pos: node.pos, end: start }] : []
}

function merge(tags: readonly Tag[]): Marks {
  const marks: { sensitive?: readonly string[]; tainted?: boolean; untainted?: boolean } = {}
  for (const tag of tags) {
    if (tag.name === 'sensitive') marks.sensitive = tag.kinds.length === 0 ? [ALL_KINDS] : tag.kinds
    if (tag.name === 'tainted') marks.tainted = true
    if (tag.name === 'untainted') marks.untainted = true
  }
  return marks
}

const SUPPRESSION = /\/[/*]\s*barre-ignore\s+([\w-]+(?:\s*,\s*[\w-]+)*)\s*:\s*(\S[^\n]*)/g

/** `// barre-ignore sql: why it is safe`, on the line it speaks of or the one before. */
export function suppressionsOf(source: SourceFile): Suppression[] {
  const { text } = source
  if (!text.includes('barre-ignore')) return []
  return [...text.matchAll(SUPPRESSION)]
    .filter((match) => startsComment(source, match.index))
    .map((match) => ({
      line: text.slice(0, match.index).split('\n').length,
      kinds: (match[1] ?? '').split(/\s*,\s*/),
      reason: (match[2] ?? '').trim(),
    }))
}

/** Neither inside a literal nor inside another comment. */
function startsComment(source: SourceFile, offset: number): boolean {
  const opened = source.text.lastIndexOf('/*', offset - 1)
  if (opened >= 0 && source.text.indexOf('*/', opened) > offset) return false
  let at: Node | undefined = source
  let inner: Node = source
  while (at !== undefined) {
    inner = at
    at = at.forEachChild((child) =>
      child.getStart(source) <= offset && offset < child.end ? child : undefined,
    )
  }
  return !LITERALS.has(inner.kind)
}

const LITERALS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.JsxText,
])
