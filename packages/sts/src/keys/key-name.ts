import type { SigningAlgorithm } from './key-types.ts'

const timeForm = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/

/** The name of a new key, which says when it was made, to the second. */
export function nameOf(algorithm: SigningAlgorithm, nowMs: number): string {
  return `${new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${algorithm}`
}

/** When a key of our own making was made, by its name. */
export function timeOf(name: string): number | undefined {
  const match = timeForm.exec(name)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hours, minutes, seconds)
}
