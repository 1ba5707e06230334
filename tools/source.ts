// Why: an import in a comment is not an import; the checks read TypeScript with a parser, so that they can
// neither be fooled nor fool.
import { parseSync } from 'oxc-parser'
import { lineAt } from './workspace.ts'

export interface Import {
  /** The module asked for; `undefined` when it is computed at run time. */
  readonly specifier: string | undefined
  readonly line: number
  /** Whether it is gone at run time (`import type`). */
  readonly typeOnly: boolean
}

export interface ParsedSource {
  readonly imports: readonly Import[]
  /** The text with every comment blanked; lines keep their numbers. */
  readonly code: string
}

/** What a TypeScript file imports and says. Throws on a file that does not parse. */
export function parseSource(path: string, text: string): ParsedSource {
  const { module, comments, errors } = parseSync(path, text)
  const [error] = errors
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`)
  const imports: Import[] = []
  const add = (specifier: string | undefined, offset: number, typeOnly: boolean): void => {
    imports.push({ specifier, line: lineAt(text, offset), typeOnly })
  }
  for (const { moduleRequest, entries, start } of module.staticImports) {
    add(moduleRequest.value, start, entries.length > 0 && entries.every((entry) => entry.isType))
  }
  for (const { entries, start } of module.staticExports) {
    const [first] = entries
    if (!first?.moduleRequest) continue
    const typeOnly = entries.every((entry) => entry.isType)
    add(first.moduleRequest.value, start, typeOnly)
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const asked = /^(['"`])([^$]*)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end))
    add(asked?.[2], start, false)
  }
  return { imports, code: blank(text, comments) }
}

function blank(text: string, spans: readonly { start: number; end: number }[]): string {
  let code = ''
  let from = 0
  for (const { start, end } of spans) {
    code += text.slice(from, start) + text.slice(start, end).replaceAll(/[^\n]/g, ' ')
    from = end
  }
  return code + text.slice(from)
}
