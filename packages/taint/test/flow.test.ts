import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { analyzeFiles } from '../src/index.ts'

const folder = join(import.meta.dirname, 'flow')
const features = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())

/** `line: kind` of every line that says `// flags: kind`. */
function expected(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const kinds = /\/\/ flags: (.+)$/.exec(line)?.[1]
    return kinds === undefined ? [] : kinds.split(', ').map((kind) => `${index + 1}: ${kind}`)
  })
}

for (const { name } of features) {
  test(`${name}: flags what it says, and nothing else`, () => {
    const file = join(folder, name, 'case.ts')
    const result = analyzeFiles({ cwd: folder, files: [file] })
    const found = result.findings.map((one) => `${one.line}: ${one.finding.kind}`)
    assert.deepEqual([...new Set(found)], expected(readFileSync(file, 'utf8')))
    assert.deepEqual(result.problems, [])
  })
}

/** The marks of `barre/taint`, which this package must not import: as a program would write them. */
const marks = `
import { untaint } from 'barre/taint'
import type { Tainted, Untainted } from 'barre/taint'
/** @tainted */
function source(): string { return 'x' }
function sink(/** @sensitive */ _value: unknown): void {}

function query(/** @sensitive sql */ _text: string): void {}

export function kinds(): void {
  const id = source()
  query(id) // flags: sql
  query(untaint(id))
  query(untaint<'sql'>(id))
  query(untaint<'path'>(id)) // flags: sql
  sink(id) // flags: any
}

function column(name: string): Untainted<string> {
  return name
}

export function types(name: Tainted<string>): void {
  query(column(name))
  query(name) // flags: sql
}
`

test('marks and untaint: flag what they say, and nothing else', () => {
  const own = mkdtempSync(join(tmpdir(), 'marks-'))
  try {
    writeFileSync(join(own, 'case.ts'), marks)
    const { findings } = analyzeFiles({ cwd: own, files: [join(own, 'case.ts')] })
    assert.deepEqual(
      findings.map((one) => `${one.line}: ${one.finding.kind}`),
      expected(marks),
    )
  } finally {
    rmSync(own, { recursive: true })
  }
})
