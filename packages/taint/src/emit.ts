import type { AnalyzeResult } from './analyze-files.ts'
import type { Func } from './graph/index.ts'
import type { LibraryFile } from './models/index.ts'
import type { Label, Summary } from './summary/index.ts'

/** What dependents need to know of a project's exported functions, in the form of a model. */
export function emitSignatures(result: AnalyzeResult, packageName: string): string {
  const entries: Record<string, object> = {}
  for (const module of result.modules) {
    for (const [name, target] of module.exports) {
      const fixed = 'binding' in target ? target.binding.fixed : undefined
      if (fixed !== undefined && 'params' in fixed)
        entries[name] = signatureOf(fixed, result.summaryOf(fixed))
    }
  }
  const file: LibraryFile = { package: packageName, entries }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

function signatureOf(func: Func, summary: Summary): object {
  const sinks: Record<string, string> = {}
  for (const { label, site } of summary.sinks) {
    const at = positionOf(label)
    if (at !== undefined)
      sinks[at] = [...new Set([...(sinks[at]?.split(', ') ?? []), site.kind])].toSorted().join(', ')
  }
  const isTainted = summary.returned.labels.some((label) => label.source !== undefined)
  const labels = summary.returned.labels.map(positionOf)
  const refs = summary.returned.refs.map((obj) =>
    obj.path?.root.kind === 'param' ? `arg(${obj.path.root.index})` : undefined,
  )
  const flows = [...new Set([...labels, ...refs])]
    .filter((at) => at !== undefined)
    .map((at) => `${at} => return`)
  return {
    params: func.params.map((param) => param.name),
    sinks,
    flows,
    ...(isTainted ? { source: 'database' } : {}),
  }
}

function positionOf(label: Label): string | undefined {
  return label.path?.root.kind === 'param' ? `arg(${label.path.root.index})` : undefined
}
