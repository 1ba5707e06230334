// Why: a line that scrolls sideways is not read.
import type { Finding, SourceFile } from '../workspace.ts'

const columnsMax = 120
const checked = /\.(?:[cm]?[tj]s|sh|toml|md|ya?ml)$/

/** Lines over 120 columns. A row of a Markdown table cannot be broken, nor can a line without a space. */
export function checkLines(files: readonly SourceFile[]): readonly Finding[] {
  return files.flatMap(({ path, text }) => {
    if (!checked.test(path)) return []
    return text.split('\n').flatMap((line, index) => {
      const columns = Array.from(line).length
      const isExempt = path.endsWith('.md') && (/^\s*\|/.test(line) || !/\S\s+\S/.test(line))
      if (columns <= columnsMax || isExempt) return []
      return [{ path, line: index + 1, problem: `${columns} columns: break the line before ${columnsMax}` }]
    })
  })
}
