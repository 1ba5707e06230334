/**
 * Scores `barre check` on a corpus of labelled lines: recall, flagged-ok rate, and the misses.
 *
 *   npm run taint-score -- CORPUS LABELS [--queries FILE] [--only TEXT] [--misses]
 *
 * The corpus is another tool's test folder, fetched by hand and never committed; labels are one JSON object a line.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readLabels } from './corpus.ts'
import type { LabelLine } from './corpus.ts'
import { runFolder } from './run.ts'
import type { Found } from './run.ts'

interface Tally {
  alerts: number
  found: number
  oks: number
  flagged: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    queries: { type: 'string' },
    only: { type: 'string' },
    misses: { type: 'boolean', default: false },
  },
})
const [corpus, labelFile] = positionals
if (corpus === undefined || labelFile === undefined) {
  console.error('expected CORPUS LABELS: the folder with the code, and the label file')
  process.exit(2)
}

const INLINE: ReadonlySet<string> = new Set(['inline-no-flow', 'value-flow', 'taint-flow'])

const wanted =
  values.queries === undefined ? undefined : new Set(readFileSync(values.queries, 'utf8').split(/\s+/))
const labels = readLabels(labelFile).filter((label) => isScored(label))
const folders = Map.groupBy(labels, (label) =>
  label.file
    .split('/')
    .slice(0, -1)
    .join('/')
    .replace(/\/routes$|\/(?:global|local)$/, ''),
)
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
  const explained = new Set<Found>()
  const alerts = lines.filter((label) => label.label === 'alert')
  for (const label of alerts) {
    const hits = findings.filter((one) => matches(one, label))
    for (const hit of hits) explained.add(hit)
    score(folder, label, hits.length > 0)
  }
  // A finding over several lines starts on one and is expected on another: it is no false alarm on the first.
  const rest = findings.filter((one) => !explained.has(one))
  for (const label of lines)
    if (label.label === 'ok')
      score(
        folder,
        label,
        rest.some((one) => matches(one, label)),
      )
}

function matches(found: Found, label: LabelLine): boolean {
  // The corpus writes an inline expectation where the expression ends.
  const line = INLINE.has(label.note ?? '') ? found.endLine : found.line
  const isThere = found.file === label.file && line >= label.line && line <= (label.endLine ?? label.line)
  return isThere && (label.cwe === 'lang' || found.cwes.includes(label.cwe))
}

function score(folder: string, label: LabelLine, isHit: boolean): void {
  for (const key of ['all', label.cwe === 'lang' ? folder.replace('library-tests/', '') : label.cwe])
    count(key, label, isHit)
  if (values.misses && isHit !== (label.label === 'alert')) {
    console.log(
      `${label.label === 'alert' ? 'miss ' : 'FALSE'} ${label.file}:${label.line} ${label.cwe} ${label.note ?? ''}`,
    )
  }
}

function count(key: string, label: LabelLine, isHit: boolean): void {
  const sums = tallies.get(key) ?? { alerts: 0, found: 0, oks: 0, flagged: 0 }
  tallies.set(key, sums)
  if (label.label === 'alert') {
    sums.alerts += 1
    sums.found += isHit ? 1 : 0
  } else {
    sums.oks += 1
    sums.flagged += isHit ? 1 : 0
  }
}

function print(): void {
  for (const [key, tally] of [...tallies].toSorted(([a], [b]) => a.localeCompare(b))) {
    console.log(
      `${key.padEnd(34)} found ${rate(tally.found, tally.alerts)}   flagged ok ${rate(tally.flagged, tally.oks)}`,
    )
  }
}

function rate(part: number, whole: number): string {
  const percent = whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`
  return `${String(part).padStart(4)} of ${String(whole).padEnd(4)} ${percent.padStart(7)}`
}
