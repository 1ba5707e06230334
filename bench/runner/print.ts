import type { Outcome } from './measure.ts'
import type { Measured, Row, Table } from './topic.ts'

const columns = ['', 'median', 'of the limit', 'min .. max', 'target', ''] as const

const reasonMaxLength = 80

/** The table as Markdown, aligned for the terminal. */
export function formatTable(table: Table, outcome: Outcome): string {
  const measuredOf = (name: string): Measured | undefined => {
    const found = outcome.get(name)
    return found instanceof Error ? undefined : found
  }
  const lines = table.rows.map((row) => formatRow(row, outcome.get(row.name), measuredOf))
  const head = columns.map((name) => (name === 'median' ? table.unit : name))
  const widths = head.map((name, column) =>
    Math.max(name.length, ...lines.map((cells) => cells[column]?.length ?? 0)),
  )
  const toLine = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = widths.map((width) => '-'.repeat(width))
  return [`## ${table.title}`, '', toLine(head), toLine(rule), ...lines.map(toLine)].join('\n')
}

function formatRow(
  row: Row,
  measured: Measured | Error | undefined,
  measuredOf: (name: string) => Measured | undefined,
): readonly string[] {
  const target = row.target?.text ?? ''
  if (measured === undefined || measured instanceof Error) {
    const [reason = ''] = (measured?.message ?? 'not measured').split('\n')
    return [row.name, '-', '-', '-', target, `failed: ${reason.slice(0, reasonMaxLength)}`]
  }
  const { figure, ratio } = measured
  const verdict = row.target === undefined ? '' : row.target.holds(measured, measuredOf) ? 'met' : 'missed'
  return [
    row.name,
    toText(figure),
    ratio === undefined ? '' : ratio.median.toFixed(2),
    ratio === undefined ? '' : `${ratio.min.toFixed(2)} .. ${ratio.max.toFixed(2)}`,
    target,
    verdict,
  ]
}

function toText(figure: number): string {
  return Math.abs(figure) >= 1000 ? Math.round(figure).toLocaleString('en') : figure.toFixed(2)
}
