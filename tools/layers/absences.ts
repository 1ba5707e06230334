// Why: the invariants of ARCHITECTURE.md are things that are not there; a reader cannot see an absence, a
// check can.
import { lineAt } from '../workspace.ts'
import type { Finding, SourceFile } from '../workspace.ts'
import { locate } from './place.ts'
import { commandLinePackage, wordsOfWires } from './table.ts'

const printing = /\bconsole\.|\bprocess\.(?:stdout|stderr)\b/g
const environment = /\bprocess\.(?:env|argv|exit|cwd)\b|=\s*process\b(?!\.)|['"]node:process['"]/g

/** Words in shipped code (comments blanked) that the architecture keeps out of its place. */
export function checkAbsences(path: string, code: string, files: readonly SourceFile[]): readonly Finding[] {
  const { packageName, folder } = locate(path)
  const findings: Finding[] = []
  const forbid = (pattern: RegExp, problem: (word: string) => string): void => {
    for (const { 0: word, index } of code.matchAll(pattern)) {
      findings.push({ path, line: lineAt(code, index), problem: problem(word) })
    }
  }
  if (packageName !== commandLinePackage) {
    forbid(printing, (word) => `${word} prints: below cli take services.log`)
    forbid(environment, (word) => `${word} reads the process: below cli the caller passes what is needed`)
  }
  if (packageName === 'barre' && folder === 'transports') {
    forbid(
      providerNames(files, path),
      (word) => `a transport names the provider ${word}: it must not know who may call`,
    )
  }
  return findings
}

/**
 * The names of the providers there are, and of the configuration fields that all of them share the endings
 * of.
 */
function providerNames(files: readonly SourceFile[], asked: string): RegExp {
  const [, wire = ''] = /\/transports\/([^/]+)\//.exec(asked) ?? []
  const kinds = new Set<string>()
  for (const { path } of files) {
    const [, kind] = /^packages\/barre\/src\/listener\/([^/]+)\//.exec(path) ?? []
    if (kind !== undefined) kinds.add(kind.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()))
  }
  for (const word of wordsOfWires[wire] ?? []) kinds.delete(word)
  const names = [...kinds].map((kind) => `${kind}(?:Config|Listener|Kind|Provider)?`)
  return new RegExp(
    `\\b(?:${[...names, '\\w+(?:Validator|UserStore|Introspection|Tls)Config'].join('|')})\\b`,
    'g',
  )
}
