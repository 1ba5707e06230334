/** Makes a corpus of another tool's tests readable: its labels, its stand-ins for sources and sinks. */
import { readFileSync } from 'node:fs'

export interface LabelLine {
  readonly file: string
  readonly line: number
  readonly endLine?: number
  readonly cwe: string
  readonly label: 'alert' | 'ok'
  readonly query?: string
  readonly kind?: string
  readonly note?: string
  readonly feature?: string
}

export function readLabels(file: string): LabelLine[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line))
}
