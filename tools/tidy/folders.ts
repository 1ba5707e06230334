// Why: a provider or a wire is one folder that stands alone: what it is, what it does, the proof, and a way
// in.
import type { Finding, SourceFile } from '../workspace.ts'

const kindFolder = /^packages\/barre\/src\/(listener|client|transports)\/([^/]+)\//

/** Folders of a provider, a source or a wire that lack a part. */
export function checkFolders(files: readonly SourceFile[]): readonly Finding[] {
  const folders = new Map<string, { family: string; kind: string; names: string[] }>()
  for (const { path } of files) {
    const [folder, family = '', kind = ''] = kindFolder.exec(path) ?? []
    if (folder === undefined) continue
    const entry = folders.get(folder) ?? { family, kind, names: [] }
    folders.set(folder, entry)
    entry.names.push(path.slice(folder.length))
  }
  return [...folders].flatMap(([folder, { family, kind, names }]) => {
    const lacks = missingParts(names, family)
    if (family !== 'transports' && !isExported(files, family, kind))
      lacks.push(`an export line in ${family}/index.ts`)
    return lacks.length === 0 ? [] : [{ path: folder, problem: `lacks ${lacks.join(', ')}` }]
  })
}

function missingParts(names: readonly string[], family: string): string[] {
  const lacks: string[] = []
  if (!names.some((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')))
    lacks.push('an implementation')
  if (!names.some((name) => name.endsWith('.test.ts'))) lacks.push('a test')
  if (!names.includes('README.md')) lacks.push('README.md')
  // Each wire is a way in of its own; that something ships it is knip's to see.
  if (family === 'transports' && !names.includes('index.ts')) lacks.push('index.ts')
  return lacks
}

function isExported(files: readonly SourceFile[], family: string, kind: string): boolean {
  const index = files.find(({ path }) => path === `packages/barre/src/${family}/index.ts`)
  return index?.text.includes(`'./${kind}/`) ?? false
}

const entryLinesMax = 20

/** Entries that do more than join `auth` with one transport: what they do belongs to one of the two. */
export function checkEntries(files: readonly SourceFile[]): readonly Finding[] {
  return files.flatMap(({ path, text }) => {
    if (!/^packages\/barre\/src\/entries\/.*(?<!\.test)\.ts$/.test(path)) return []
    const lines = text.split('\n').filter((line) => line.trim() !== '').length
    if (lines <= entryLinesMax) return []
    return [{ path, problem: `${lines} lines: an entry only joins, in at most ${entryLinesMax}` }]
  })
}
