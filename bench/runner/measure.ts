import type { Measured, Row, Table } from './topic.ts'

/** Every row's figures; a row that failed has its error instead. */
export type Outcome = ReadonlyMap<string, Measured | Error>

/**
 * Measures a table: each row once per round, in the opposite order every other round, so that a machine that
 * grows slower in the meantime favours nobody. Ratios are formed within a round.
 */
export async function measureTable(
  table: Table,
  rounds: number,
  onProgress: (text: string) => void,
): Promise<Outcome> {
  const figures = new Map<string, number[]>()
  const failures = new Map<string, Error>()
  for (let round = 0; round < rounds; round++) {
    for (const row of round % 2 === 0 ? table.rows : table.rows.toReversed()) {
      if (failures.has(row.name)) continue
      onProgress(`round ${round + 1} of ${rounds}: ${row.name}`)
      try {
        const list = figures.get(row.name) ?? []
        figures.set(row.name, list)
        list.push(await row.measure())
      } catch (error) {
        failures.set(row.name, error instanceof Error ? error : new Error(String(error)))
      }
    }
  }
  return new Map(table.rows.map((row) => [row.name, failures.get(row.name) ?? summarise(row, figures)]))
}

function summarise(row: Row, figures: ReadonlyMap<string, readonly number[]>): Measured | Error {
  const own = figures.get(row.name) ?? []
  const { limit } = row
  if (limit === undefined) return { figure: median(own) }
  const ratios = own.map((figure, round) => figure / limit((name) => figures.get(name)?.[round] ?? NaN))
  if (ratios.some(Number.isNaN)) return new Error('its limit could not be measured')
  return {
    figure: median(own),
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? NaN) + upper) / 2 : upper
}
