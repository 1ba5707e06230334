// Why: N providers and M transports stay N + M only while neither knows the other. This check holds the
// layers of ARCHITECTURE.md and its invariants.
import { readWorkspace, report } from '../workspace.ts'
import type { Finding, SourceFile } from '../workspace.ts'
import { parseSource } from '../source.ts'
import { checkAbsences } from './absences.ts'
import { checkImports } from './imports.ts'
import { isTestOnly, locate } from './place.ts'
import { layers, packages } from './table.ts'

/** Every edge and every word that the architecture forbids. */
export function checkLayers(files: readonly SourceFile[]): readonly Finding[] {
  // Fixtures are input of tests, wrong on purpose.
  const sources = files.filter(
    ({ path }) => /^packages\/.*\.[cm]?[tj]s$/.test(path) && !/\/fixtures\//.test(path),
  )
  const findings: Finding[] = []
  const unknown = new Set<string>()
  for (const file of sources) {
    const place = locate(file.path)
    const problem = unknownPlace(place)
    if (problem !== undefined) {
      if (!unknown.has(problem)) findings.push({ path: file.path, problem })
      unknown.add(problem)
      continue
    }
    const parsed = parseSource(file.path, file.text)
    findings.push(...checkImports(file.path, parsed.imports, files))
    if (!isTestOnly(file.path)) findings.push(...checkAbsences(file.path, parsed.code, files))
  }
  return findings
}

function unknownPlace({ packageName, folder }: ReturnType<typeof locate>): string | undefined {
  if (packageName === undefined || !Object.hasOwn(packages, packageName)) {
    return `unknown package ${packageName ?? ''}: give it a row in tools/layers/table.ts`
  }
  if (packageName !== 'barre' || folder === undefined || Object.hasOwn(layers, folder)) return undefined
  if (folder === '') return 'a file beside the folders: put it into the folder of its topic'
  return `unknown folder ${folder}: give it a layer in tools/layers/table.ts`
}

if (import.meta.main) report('layers', checkLayers(readWorkspace()))
