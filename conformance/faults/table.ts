// Writes what the faults do into the README: node --conditions=@barre/source conformance/faults/table.ts
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dependents } from './dependents.ts'
import { faults } from './faults.ts'
import { tryFault } from './trial.ts'
import type { Outcome } from './trial.ts'

const readme = join(import.meta.dirname, 'README.md')
const head = [
  '| the provider | who waits for it gets | logged | requests | who has something good at hand gets |',
  '| --- | --- | --- | --- | --- |',
]

/** One row of a table. */
export function toRow(fault: string, { first, logged, requests, later }: Outcome): string {
  return `| ${fault} | ${first} | ${logged === '' ? 'nothing' : logged} | ${requests} | ${later} |`
}

/** The rows that the README has, by dependent. */
export function readRows(): ReadonlyMap<string, readonly string[]> {
  const sections = readFileSync(readme, 'utf8').split('\n### ').slice(1)
  return new Map(
    sections.map((section) => {
      const [name = '', ...lines] = section.split('\n')
      return [name, lines.filter((line) => line.startsWith('| ') && !head.includes(line))]
    }),
  )
}

async function write(): Promise<void> {
  const sections: string[] = []
  for (const [name, dependent] of Object.entries(dependents)) {
    const rows = await Promise.all(
      Object.entries(faults).map(async ([fault, kind]) => toRow(fault, await tryFault(dependent, kind))),
    )
    sections.push(['', `### ${name}`, '', ...head, ...rows, ''].join('\n'))
  }
  const [introduction = ''] = readFileSync(readme, 'utf8').split('\n### ', 1)
  writeFileSync(readme, `${introduction.trimEnd()}\n${sections.join('')}`)
}

if (import.meta.main) await write()
