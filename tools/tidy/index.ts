// Why: style is a test, not a remark in a review. What a linter cannot see of docs/STYLE.md is checked here.
import { denialCodes } from '../../packages/barre/src/core/index.ts'
import { readWorkspace, report } from '../workspace.ts'
import type { Finding, SourceFile } from '../workspace.ts'
import { checkDenialCodes, checkLinks } from './documents.ts'
import { checkEntries, checkFolders } from './folders.ts'
import { checkLines } from './lines.ts'
import { checkWords } from './words.ts'

export function checkTidy(files: readonly SourceFile[]): readonly Finding[] {
  return [
    ...checkLines(files),
    ...checkWords(files),
    ...checkFolders(files),
    ...checkEntries(files),
    ...checkLinks(files),
    ...checkDenialCodes(files, denialCodes),
  ]
}

if (import.meta.main) report('tidy', checkTidy(readWorkspace()))
