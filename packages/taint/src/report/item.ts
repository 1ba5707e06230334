import { createHash } from 'node:crypto'
import { relative, sep } from 'node:path'
import type { Span } from '../graph/index.ts'
import type { Finding } from '../solve/index.ts'

/** A finding as reports show it: places as lines and columns, counted from 1. */
export interface Item {
  /** Stable while the line it is on stays the same; moves with it. */
  readonly id: string
  readonly kind: string
  readonly cwe: string
  readonly severity: 'error' | 'warning'
  readonly confidence: number
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
  readonly message: string
  readonly parameter: string
  readonly callee: string
  readonly path: readonly Place[]
}

export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly text: string
  readonly why: string
}

const MAX_TEXT = 60

export function toItems(findings: readonly Finding[], cwd: string): Item[] {
  const lines = new Lines()
  const seen = new Map<string, number>()
  return findings.map((finding) => toItem(finding, cwd, lines, seen))
}

function toItem(finding: Finding, cwd: string, lines: Lines, seen: Map<string, number>): Item {
  const { module, span, kind, cwe, severity, confidence, message, parameter, callee } = finding
  const file = shown(module.file, cwd)
  const start = lines.at(module.text, span.start)
  const end = lines.at(module.text, span.end)
  const key = [file, kind, parameter, callee, lines.text(module.text, start.line).trim()].join('\0')
  const count = seen.get(key) ?? 0
  seen.set(key, count + 1)
  const id = createHash('sha256').update(`${key}\0${count}`).digest('hex').slice(0, 16)
  const path = finding.path.map((step) => ({
    file: shown(step.module.file, cwd),
    ...lines.at(step.module.text, step.span.start),
    text: snippet(step.module.text, step.span),
    why: step.why,
  }))
  return {
    id,
    kind,
    cwe,
    severity,
    confidence,
    file,
    ...start,
    endLine: end.line,
    endColumn: end.column,
    message,
    parameter,
    callee,
    path: [...path, sinkPlace(finding, file, start)],
  }
}

function sinkPlace(finding: Finding, file: string, start: { line: number; column: number }): Place {
  const why =
    finding.callee === ''
      ? finding.kind
      : `${finding.callee}, parameter '${finding.parameter}' (${finding.kind})`
  return { file, ...start, text: snippet(finding.module.text, finding.span), why }
}

function shown(file: string, cwd: string): string {
  return relative(cwd, file).split(sep).join('/')
}

function snippet(text: string, span: Span): string {
  const line = text.slice(span.start, span.end).replaceAll(/\s+/g, ' ')
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT - 1)}…` : line
}

/** Line starts of each text, found once. */
class Lines {
  readonly #starts = new Map<string, readonly number[]>()

  at(text: string, offset: number): { line: number; column: number } {
    const starts = this.#of(text)
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }

  text(text: string, line: number): string {
    const starts = this.#of(text)
    return text.slice(starts[line - 1], starts[line])
  }

  #of(text: string): readonly number[] {
    let starts = this.#starts.get(text)
    if (starts === undefined) {
      starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)]
      this.#starts.set(text, starts)
    }
    return starts
  }
}
