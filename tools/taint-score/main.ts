/**
 * Scores `barre check` on a corpus of labelled lines: recall, flagged-ok rate, and the misses.
 *
 *   node --conditions=@barre/source tools/taint-score/main.ts CORPUS LABELS [--queries FILE] [--only TEXT] [--misses]
 *
 * The corpus is another tool's test folder, fetched by hand and never committed; labels are one JSON object a line.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readLabels } from './corpus.ts'
import type { LabelLine } from './corpus.ts'
import { runFolder } from './run.ts'

interface Tally {
  alerts: number
  found: number
  oks: number
  flagged: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { queries: { type: 'string' }, only: { type: 'string' }, misses: { type: 'boolean', default: false } },
})
const [corpus, labelFile] = positionals
if (corpus === undefined || labelFile === undefined) {
  console.error('expected CORPUS LABELS: the folder with the code, and the label file')
  process.exit(2)
}

const wanted = values.queries === undefined ? undefined : new Set(readFileSync(values.queries, 'utf8').split(/\s+/))
const labels = readLabels(labelFile).filter((label) => isScored(label))
const folders = Map.groupBy(labels, (label) => label.file.split('/').slice(0, -1).join('/').replace(/\/routes$|\/(?:global|local)$/, ''))
const tallies = new Map<string, Tally>()
for (const [folder, lines] of folders) scoreFolder(folder, lines)
print()

function isScored(label: LabelLine): boolean {
  if (label.kind !== undefined && label.kind !== 'path-problem') return false
  if (label.label === 'ok' && label.note?.endsWith('-constant') === true) return false
  if (wanted !== undefined && !wanted.has(label.query ?? '')) return false
  return values.only === undefined || label.file.includes(values.only)
}

function scoreFolder(folder: string, lines: readonly LabelLine[]): void {
  const findings = runFolder(corpus ?? '', folder, lines)
  for (const label of lines) {
    const isHit = findings.some((one) => one.file === label.file && one.line >= label.line && one.line <= (label.endLine ?? label.line) && (label.cwe === 'lang' || one.cwes.includes(label.cwe)))
    for (const key of ['all', label.cwe === 'lang' ? folder.replace('library-tests/', '') : label.cwe]) count(key, label, isHit)
    if (values.misses === true && isHit !== (label.label === 'alert')) console.log(`${label.label === 'alert' ? 'miss' : 'FALSE'} ${label.file}:${label.line} ${label.cwe} ${label.note ?? ''}`)
  }
}

function count(key: string, label: LabelLine, isHit: boolean): void {
  const tally = tallies.get(key) ?? { alerts: 0, found: 0, oks: 0, flagged: 0 }
  tallies.set(key, tally)
  if (label.label === 'alert') {
    tally.alerts += 1
    tally.found += isHit ? 1 : 0
  } else {
    tally.oks += 1
    tally.flagged += isHit ? 1 : 0
  }
}

function print(): void {
  for (const [key, tally] of [...tallies].sort(([a], [b]) => a.localeCompare(b))) {
    console.log(`${key.padEnd(34)} found ${rate(tally.found, tally.alerts)}   flagged ok ${rate(tally.flagged, tally.oks)}`)
  }
}

function rate(part: number, whole: number): string {
  const percent = whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`
  return `${String(part).padStart(4)} of ${String(whole).padEnd(4)} ${percent.padStart(7)}`
}
