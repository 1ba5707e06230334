// Why: the checks judge the same files in the same way: what git knows of, read once, with findings printed
// one a line.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder that holds the workspace's package.json. */
export const workspaceRoot: string = join(import.meta.dirname, '..')

/** A file of the workspace; `path` is relative to its root, with forward slashes. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** Something forbidden, and how to mend it. */
export interface Finding {
  readonly path: string
  readonly line?: number
  readonly problem: string
}

/** Files that git tracks, or would track once added: what a commit can hold. */
export function readWorkspace(root: string = workspaceRoot): readonly SourceFile[] {
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  const paths = [...new Set(listing.split('\0'))].filter(
    (path) => path !== '' && existsSync(join(root, path)),
  )
  return paths.toSorted().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Prints findings and makes the process fail when there are any. */
export function report(check: string, findings: readonly Finding[]): void {
  for (const { path, line, problem } of findings) {
    console.error(`${path}${line === undefined ? '' : `:${line}`}: ${problem}`)
  }
  console.log(`${check}: ${findings.length === 0 ? 'nothing to report' : `${findings.length} finding(s)`}`)
  if (findings.length > 0) process.exitCode = 1
}

/** The 1-based line on which an offset lies. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
